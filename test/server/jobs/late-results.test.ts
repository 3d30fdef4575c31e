import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../../server/fleet/session.ts';
import type { JobStore } from '../../../server/jobs/job-store.ts';
import { LateResults } from '../../../server/jobs/late-results.ts';
import type { Store } from '../../../server/store/store.ts';
import { type ExecutionId, executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { eventually, silent } from '../../harness/agent-connection.ts';

/** Late results over a store that knows no job, once it answers. */
function lateResults(signal: AbortSignal) {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const jobs = { get: async () => void (await answered) } as unknown as JobStore;
  const late = new LateResults({
    ...{ jobs, log: silent, signal, store: {} as Store },
    ...{ fenced: () => false, driven: () => false, finished: () => {} },
    lost: { wanted: () => false, keep: async () => {} },
  });
  return { late, answer };
}

function sessionOf(uid = newNodeUid()) {
  const released: ExecutionId[] = [];
  const release = (executions: readonly ExecutionId[]): void => void released.push(...executions);
  return { uid, released, session: { uid, live: true, release } as unknown as Session };
}

const result = { state: 'EXECUTION_STATE_SUCCEEDED' } as const;

test('one agent that repeats results, and brings them without end, makes the replica hold no more than its share', async (t) => {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const { late, answer } = lateResults(stop.signal);
  const [flood, other] = [sessionOf(), sessionOf()];
  const again = executionId(newJobId(), flood.uid, 1);
  for (let n = 0; n < 600; n += 1) late.add({ session: flood.session, execution: again, result });
  for (let n = 0; n < 600; n += 1) {
    late.add({ session: flood.session, execution: executionId(newJobId(), flood.uid, 1), result });
  }
  late.add({ session: other.session, execution: executionId(newJobId(), other.uid, 1), result });
  answer();
  await eventually(() => other.released.length === 1, 'the release of the other');
  assert.equal(flood.released.length, 512);
  assert.equal(flood.released.filter((one) => one === again).length, 1);
  // What was released makes room again.
  late.add({ session: flood.session, execution: again, result });
  await eventually(() => flood.released.length === 513, 'one more release');
});
