import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOfJob } from '../../../cli/exit-status.ts';
import { anything, beliefIn, believed } from '../../../cli/job/believed.ts';
import { ending } from '../../../cli/render/ending.ts';
import type { Execution, Execution__Output } from '../../../proto/gen/muster/v1/Execution.ts';
import type { ExecutionResult } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import { executionId, newJobId } from '../../../shared/ids.ts';
import { codec } from '../../../shared/rpc/proto.ts';
import { SigningKey, uidOfKey } from '../../../shared/signing/keys.ts';
import { signResult } from '../../../shared/signing/result-signature.ts';

const key = SigningKey.generate();
const order = Buffer.from('order');
const id = executionId(newJobId(), uidOfKey(key.public), 1);
const wire = codec<Execution, Execution__Output>('muster.v1.Execution');
const signed = beliefIn(order, { signed: true });

/** As it comes from a replica. */
const told = (result: ExecutionResult): Execution__Output =>
  wire.decode(wire.encode({ id, node: 'web-1', state: result.state ?? 0, result }));
const succeeded: ExecutionResult = {
  state: 'EXECUTION_STATE_SUCCEEDED',
  exitCode: 0,
  finishedUnixMs: 7,
  durationMs: 3,
};
const bySigned = (result: ExecutionResult) =>
  told(signResult({ execution: id, orderDigest: signed.orderDigest }, result, key));

test('a result that its node signed is believed, over the wire too', () => {
  const execution = bySigned(succeeded);
  assert.equal(believed(execution, signed), execution);
});

test('a success without a signature, or with another state than was signed, is none: the job is undetermined', () => {
  const forged = { ...bySigned({ ...succeeded, state: 'EXECUTION_STATE_FAILED', exitCode: 1 }) };
  const lies: Execution__Output[] = [
    told(succeeded),
    { ...forged, state: 'EXECUTION_STATE_SUCCEEDED' },
    { ...bySigned(succeeded), id: executionId(newJobId(), uidOfKey(key.public), 1) },
    { ...bySigned(succeeded), result: null },
  ];
  for (const lie of lies) {
    const shown = believed(lie, signed);
    assert.equal(shown.state, 'EXECUTION_STATE_INTERRUPTED');
    assert.equal(statusOfJob([shown]), 6);
    assert.equal(shown.result?.exitCode, undefined);
  }
  assert.match(
    ending(believed(told(succeeded), signed)),
    /^not believed: SUCCEEDED was reported, not signed by its node/,
  );
});

test('without signed orders an unsigned result counts, a wrong signature never does', () => {
  assert.equal(believed(told(succeeded), anything).state, 'EXECUTION_STATE_SUCCEEDED');
  const other = beliefIn(Buffer.from('another order'), { signed: false });
  assert.equal(believed(bySigned(succeeded), other).undetermined, true);
});

test('what was never offered, and what is not over, needs no signature', () => {
  for (const state of ['EXECUTION_STATE_EXPIRED', 'EXECUTION_STATE_SKIPPED', 'EXECUTION_STATE_RUNNING'] as const) {
    assert.equal(believed(told({ state }), signed).state, state);
  }
});
