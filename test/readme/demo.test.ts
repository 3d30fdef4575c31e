import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../..');

test('the demo shows what the README says, and leaves nothing behind', async () => {
  const { exitCode, all } = await execa(process.execPath, [join(root, 'tools/demo.ts')], {
    all: true,
    reject: false,
    stdin: 'ignore',
    timeout: 120_000,
  });
  assert.equal(exitCode, 0, all);
  for (const shown of [
    /db-2 \(1\): failed: exit code 3/,
    /timed out .*TERM to \d+ process.*KILL/,
    /cancelled: TERM to \d+ process.*nothing left/,
    /web-3: step 10/,
    /no node matches "role=cache"/,
  ]) {
    assert.match(all, shown);
  }
  const [folder = ''] = /\S*muster-demo-\w+/.exec(all) ?? [];
  assert.ok(folder === '' || !existsSync(folder), `${folder} is still there`);
});
