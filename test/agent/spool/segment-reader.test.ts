import assert from 'node:assert/strict';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { padOffset } from '../../../agent/spool/layout.ts';
import { SegmentList } from '../../../agent/spool/segment-list.ts';
import { SegmentReader } from '../../../agent/spool/segment-reader.ts';

test('a reader at the end lets go of a segment that a full disk dropped, so that its place is free', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-segment-reader-'));
  const reader = new SegmentReader(new SegmentList({ dir, stream: 'out' }));
  t.after(async () => {
    await reader.close();
    await rm(dir, { recursive: true });
  });
  const first = join(dir, `out.${padOffset(0)}`);
  await writeFile(first, 'abc');
  const buffer = Buffer.alloc(16);
  assert.equal(await reader.read(0, buffer), 3);
  assert.equal(await reader.read(3, buffer), undefined);
  assert.equal((await openBelow(dir)).length, 1, 'the one it will go on with stays open');
  await rm(first);
  await writeFile(join(dir, `out.full.${padOffset(0)}.${padOffset(3)}`), '');
  await writeFile(join(dir, `out.${padOffset(3)}`), '');
  assert.equal(await reader.read(3, buffer), undefined);
  assert.deepEqual(await openBelow(dir), []);
});

async function openBelow(dir: string): Promise<string[]> {
  const fds = await readdir('/proc/self/fd');
  const paths = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(`${dir}/`));
}
