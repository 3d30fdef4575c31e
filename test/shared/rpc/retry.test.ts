import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MusterError } from '../../../shared/errors.ts';
import { atAnyReplica, Retry, retrying } from '../../../shared/rpc/retry.ts';

const away = new MusterError('REPLICA_UNAVAILABLE', 'away');

test('a call is repeated until it succeeds', async () => {
  let calls = 0;
  const value = await retrying(
    async () => {
      calls += 1;
      if (calls < 3) throw away;
      return calls;
    },
    { forMs: 10_000, random: () => 0 },
  );
  assert.equal(value, 3);
});

test('what the catalog calls final is thrown at once', async () => {
  let calls = 0;
  const call = async (): Promise<never> => {
    calls += 1;
    throw new MusterError('ID_CONFLICT', 'no');
  };
  await assert.rejects(retrying(call, { forMs: 10_000 }), { reason: 'ID_CONFLICT' });
  assert.equal(calls, 1);
});

test('when the time is up the last error is thrown', async () => {
  let now = 0;
  const retry = new Retry({ forMs: 1000, monotonic: () => now, random: () => 0 });
  await retry.failed(away);
  now = 999;
  await retry.failed(away);
  now = 1000;
  await assert.rejects(retry.failed(away), away);
});

test('a success gives the whole time again', async () => {
  let now = 0;
  const retry = new Retry({ forMs: 1000, monotonic: () => now, random: () => 0 });
  await retry.failed(away);
  now = 900;
  retry.succeeded();
  now = 1500;
  await retry.failed(away);
  now = 2400;
  await retry.failed(away);
});

test('a wait that the server asked for is kept, and told', async () => {
  const waits: number[] = [];
  const busy = new MusterError('TOO_MANY', 'busy', { retryAfterMs: 15 });
  const retry = new Retry({ forMs: 1000, random: () => 0, onRetry: (_error, _failures, waitMs) => waits.push(waitMs) });
  await retry.failed(busy);
  assert.deepEqual(waits, [15]);
});

test('an abort ends the wait', async () => {
  const stop = new AbortController();
  const retry = new Retry({ forMs: 60_000, signal: stop.signal, onRetry: () => stop.abort(new Error('enough')) });
  await assert.rejects(retry.failed(new MusterError('TOO_MANY', '', { retryAfterMs: 60_000 })), /enough/);
});

test('what one replica can not do is asked of the next, each once', async () => {
  const asked: string[] = [];
  const call = (...answers: (string | MusterError)[]) => {
    asked.length = 0;
    return async (): Promise<string> => {
      const answer = answers[asked.length] ?? 'nobody is left';
      asked.push(String(answer));
      if (answer instanceof MusterError) throw answer;
      return answer;
    };
  };
  const stopping = new MusterError('REPLICA_STOPPING', 'stops');
  const cutOff = new MusterError('STORE_UNAVAILABLE', 'cut off');
  assert.equal(await atAnyReplica({ servers: 3 }, call(stopping, cutOff, 'here')), 'here');
  assert.equal(asked.length, 3);
  await assert.rejects(atAnyReplica({ servers: 2 }, call(stopping, cutOff, 'here')), { reason: 'STORE_UNAVAILABLE' });
  assert.equal(asked.length, 2);
  await assert.rejects(atAnyReplica({ servers: 3 }, call(new MusterError('UNKNOWN_JOB', 'no'))), {
    reason: 'UNKNOWN_JOB',
  });
  assert.equal(asked.length, 1);
});
