import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, '../../bench/main.ts');
const run = promisify(execFile);

test('one row measures raw and Muster in the same run, prints a table and writes every repetition as JSON', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const json = join(folder, 'figures.json');
  const { stdout } = await run(process.execPath, [program, '--only', 'orders', '--nodes', '20', '--json', json]);
  assert.match(stdout, /^\| one order to 20 sessions, a result from each, ms \[1\] +\| .* × raw +\| /m);
  assert.match(stdout, /agents are simulated: the real agent’s session code with an in-process executor/);
  const { rows } = JSON.parse(readFileSync(json, 'utf8'));
  assert.deepEqual([rows.length, rows[0].row], [1, 'orders']);
  const [line] = rows[0].lines;
  assert.deepEqual([line.raw.length, line.muster.length, typeof line.met], [5, 5, 'boolean']);
  assert.ok([...line.raw, ...line.muster].every((figure: number) => figure > 0));
});

test('an unknown row is a usage error that names the rows there are', async () => {
  await assert.rejects(run(process.execPath, [program, '--only', 'speed']), {
    code: 2,
    stderr: /no row speed; there are latency/,
  });
});
