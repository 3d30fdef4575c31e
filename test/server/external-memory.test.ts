import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const file = join(import.meta.dirname, '../../server/external-memory.ts');

test('V8 knows the flag by which it weighs buffers and heap together', () => {
  const program = `const { weighExternalMemory } = await import(${JSON.stringify(file)}); weighExternalMemory();`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  // It says so on stderr, and nowhere else, where it does not.
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});
