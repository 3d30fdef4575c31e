import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeFolded } from '../../../cli/render/folded.ts';
import { OutputFolder } from '../../../cli/render/output-folder.ts';
import { MemorySink } from '../../harness/memory-sink.ts';

let parent = '';
before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'muster-folder-'));
});
after(() => rm(parent, { recursive: true }));

const piece = (node: string, data: string) =>
  ({ type: 'output', node, execution: `x/${node}`, stream: 'stdout', offset: 0, data: Buffer.from(data) }) as const;

test('little output stays in memory and needs no folder', async () => {
  const dir = join(parent, 'none');
  const folder = new OutputFolder({ dir });
  await folder.take(piece('a', 'x'));
  await folder.settle();
  assert.deepEqual(await readdir(parent), []);
  assert.deepEqual(folder.content('a', 'stdout'), { bytes: Buffer.from('x') });
});

test('past its budget output goes to files, and folds as if it had not', async () => {
  const dir = join(parent, 'spilled');
  const folder = new OutputFolder({ dir, budgetBytes: 10 });
  for (const node of ['a1', 'a2', 'b1']) {
    for (let n = 0; n < 5; n += 1) await folder.take(piece(node, `${node[0]}${n} of a line\n`));
  }
  await folder.settle();
  assert.deepEqual((await readdir(dir)).sort(), ['a1.stdout', 'a2.stdout', 'b1.stdout']);
  const sink = new MemorySink();
  await writeFolded(folder, 'stdout', sink);
  const lines = (letter: string): string => Array.from({ length: 5 }, (_, n) => `${letter}${n} of a line\n`).join('');
  const rule = '-'.repeat(15);
  assert.equal(sink.text, `${rule}\nb1 (1)\n${rule}\n${lines('b')}${rule}\na[1-2] (2)\n${rule}\n${lines('a')}`);
});

test('a folder that has output of an earlier run is written anew', async () => {
  const dir = join(parent, 'again');
  for (const text of ['first and longer', 'second']) {
    const folder = new OutputFolder({ dir });
    await folder.take(piece('a', text));
    await folder.save(['a']);
  }
  assert.equal(await readFile(join(dir, 'a.stdout'), 'utf8'), 'second');
  assert.equal(await readFile(join(dir, 'a.stderr'), 'utf8'), '');
});

test('a node whose name would leave the folder is refused', async () => {
  const folder = new OutputFolder({ dir: join(parent, 'safe') });
  await assert.rejects(folder.take(piece('../../etc/passwd', 'x')), /is no node name/);
});
