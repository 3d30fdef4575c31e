import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { statusOfCommand, statusOfError, statusOfJob } from '../../cli/exit-status.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { type ErrorReason, MusterError } from '../../shared/errors.ts';
import { executionOf } from '../harness/executions.ts';

const inState = (state: string, result?: { exitCode?: number; signal?: number }) =>
  executionOf('n', { state: `EXECUTION_STATE_${state}` as 'EXECUTION_STATE_FAILED', ...(result && { result }) });

test('the status of a job follows from how its executions ended', () => {
  const table: [string[], number][] = [
    [['SUCCEEDED', 'SUCCEEDED'], 0],
    [['SUCCEEDED', 'FAILED'], 1],
    [['SUCCEEDED', 'TIMED_OUT'], 124],
    [['TIMED_OUT', 'FAILED'], 1],
    [['SUCCEEDED', 'CANCELLED'], 1],
    [['INTERRUPTED'], 1],
    [['REJECTED', 'SUCCEEDED'], 1],
    [['SUCCEEDED', 'SKIPPED'], 1],
    [['EXPIRED', 'EXPIRED'], 5],
    [['EXPIRED', 'SUCCEEDED'], 1],
    [['SUCCEEDED', 'RUNNING'], 6],
    [['FAILED', 'PENDING'], 6],
    [[], 6],
  ];
  for (const [states, expected] of table) {
    assert.equal(statusOfJob(states.map((state) => inState(state))), expected, states.join());
  }
});

test('an undetermined execution outweighs every known end', () => {
  const lost = executionOf('n', { state: 'EXECUTION_STATE_RUNNING', undetermined: true });
  assert.equal(statusOfJob([inState('FAILED'), lost, inState('TIMED_OUT')]), 6);
});

test("the command's own status is its exit code, 128 + n for a signal, 124 for a timeout, 255 where it has none", () => {
  assert.equal(statusOfCommand([inState('SUCCEEDED', { exitCode: 0 })]), 0);
  assert.equal(statusOfCommand([inState('FAILED', { exitCode: 7 })]), 7);
  assert.equal(statusOfCommand([inState('FAILED', { signal: 9 })]), 137);
  assert.equal(statusOfCommand([inState('CANCELLED', { signal: 15 })]), 143);
  assert.equal(statusOfCommand([inState('TIMED_OUT', { signal: 15 })]), 124);
  assert.equal(statusOfCommand([inState('FAILED')]), 255);
  assert.equal(statusOfCommand([inState('REJECTED')]), 255);
  assert.equal(statusOfCommand([inState('FAILED', { exitCode: 2 }), inState('FAILED', { exitCode: 9 })]), 9);
  assert.equal(statusOfCommand([]), 255);
});

test('each kind of error has its status', () => {
  const table: [ErrorReason, number][] = [
    ['INVALID_FIELD', 2],
    ['SELECTOR_INVALID', 2],
    ['OFFSET_PAST_END', 2],
    ['NO_NODE_MATCHED', 3],
    ['UNKNOWN_NODE', 3],
    ['STORE_UNAVAILABLE', 5],
    ['REPLICA_UNAVAILABLE', 5],
    ['NODE_AWAY', 5],
    ['TOO_MANY', 5],
    ['UNKNOWN_JOB', 1],
    ['ID_CONFLICT', 1],
    ['INTERNAL', 1],
  ];
  for (const [reason, expected] of table) assert.equal(statusOfError(new MusterError(reason, '')), expected, reason);
  assert.equal(statusOfError(new UsageError('')), 2);
  assert.equal(statusOfError(new Error('')), 1);
});

test('a peer that denies is told from others by its gRPC status', () => {
  for (const grpcStatus of [status.PERMISSION_DENIED, status.UNAUTHENTICATED]) {
    assert.equal(statusOfError(Object.assign(new MusterError('INTERNAL', ''), { grpcStatus })), 4);
  }
});
