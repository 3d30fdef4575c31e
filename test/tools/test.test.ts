import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../..');

async function runFixture(
  name: string,
  deadlineMs = 60_000,
): Promise<{ exitCode?: number; stdout: string; stderr: string }> {
  const { NODE_TEST_CONTEXT: _ours, ...inherited } = process.env;
  return execa(process.execPath, ['tools/test.ts', `test/fixtures/runner/${name}.ts`], {
    cwd: root,
    reject: false,
    extendEnv: false,
    stdin: 'ignore',
    env: { ...inherited, MUSTER_TEST_FILE_DEADLINE_MS: String(deadlineMs) },
  });
}

const summaryLines = (stdout: string): string[] => stdout.trimEnd().split('\n').slice(-8);

test('passing tests end with status 0 and the runner’s summary as the last lines', async () => {
  const run = await runFixture('passes');
  assert.equal(run.exitCode, 0);
  assert.match(run.stdout, /✔ passes/);
  assert.deepEqual(summaryLines(run.stdout).slice(0, 4), ['ℹ tests 1', 'ℹ suites 0', 'ℹ pass 1', 'ℹ fail 0']);
});

test('a failing test ends with status 1, its error, and still the summary last', async () => {
  const run = await runFixture('fails');
  assert.equal(run.exitCode, 1);
  assert.match(run.stdout, /as it must/);
  assert.ok(summaryLines(run.stdout).includes('ℹ fail 1'));
});

test('a file that leaves in the middle of its tests is a failure', async () => {
  const run = await runFixture('exits-early');
  assert.equal(run.exitCode, 1);
  assert.match(run.stdout, /exits-early\.ts.*(without having run a test|began and never ended)/);
});

test('a file that never lets go is ended at its deadline and is a failure', async () => {
  const run = await runFixture('never-ends', 1500);
  assert.equal(run.exitCode, 1);
  assert.match(run.stdout + run.stderr, /never-ends\.ts: not done after 1500 ms; it holds .*Timeout/);
});

test('a file without a test, and a path that is none, are failures', async () => {
  const empty = await runFixture('has-none');
  assert.equal(empty.exitCode, 1);
  assert.match(empty.stdout, /without having run a test/);
  const none = await runFixture('nowhere');
  assert.equal(none.exitCode, 1);
  assert.match(none.stderr, /nowhere\.ts: no such test file/);
});
