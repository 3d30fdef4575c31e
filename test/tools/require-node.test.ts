import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const guard = join(import.meta.dirname, '../../tools/require-node.cjs');
const local = join(import.meta.dirname, '../../node_modules/.bin');

/** The first Node on PATH that is not the one npm brought and is too old. */
function oldNode(): string | undefined {
  const folders = `${process.env.PATH}:/usr/local/bin:/usr/bin`.split(':').filter((folder) => folder !== local);
  return folders
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find(
      (path) => Number(spawnSync(path, ['-p', 'parseInt(process.versions.node)'], { encoding: 'utf8' }).stdout) < 24,
    );
}

test('an old Node stops with its version, the one needed and how to get it', (t) => {
  const old = oldNode();
  if (old === undefined) return t.skip('no Node older than 24 on this machine');
  const run = spawnSync(old, ['--require', guard, '-e', 'console.log("ran")'], { encoding: 'utf8' });
  assert.equal(run.status, 1);
  assert.equal(run.stdout, '');
  assert.match(run.stderr, /needs Node 24\.12 or newer; this is Node \d+\.\d+\.\d+ \(/);
  assert.match(run.stderr, /npm (ci|run)|install Node/);
});

test('this Node passes the guard without a word', () => {
  const run = spawnSync(process.execPath, ['--require', guard, '-e', 'console.log("ran")'], { encoding: 'utf8' });
  assert.deepEqual([run.status, run.stdout, run.stderr], [0, 'ran\n', '']);
});
