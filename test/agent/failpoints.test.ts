import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failpoints } from '../../agent/failpoints.ts';
import { MusterError } from '../../shared/errors.ts';
import { quietLog as log } from './executions/rig.ts';

test('a fail point that does not exist is an error that names the variable and all that do', () => {
  const stateDir = join(tmpdir(), 'muster-no-such-folder');
  assert.throws(
    () => new Failpoints({ armed: 'no-such', stateDir, log }),
    (error) =>
      error instanceof MusterError && error.field === 'MUSTER_FAILPOINT' && error.message.includes('gate-read'),
  );
  assert.ok(!existsSync(stateDir));
});

test('one that is armed is told of, none where the variable is empty or missing', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'muster-failpoints-'));
  try {
    assert.equal(new Failpoints({ armed: 'gate', stateDir, log }).armed, 'gate');
    for (const armed of ['', undefined]) assert.equal(new Failpoints({ armed, stateDir, log }).armed, undefined);
  } finally {
    rmSync(stateDir, { recursive: true });
  }
});
