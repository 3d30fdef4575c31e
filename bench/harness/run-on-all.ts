import type { FrozenOrder } from '../../cli/job/submit-order.ts';
import type { BenchReplica } from './bench-replica.ts';

/** Submits the order and watches until its job is closed; ms. Throws where not every execution succeeded. */
export async function runOnAll(replica: BenchReplica, order: FrozenOrder): Promise<number> {
  const begin = performance.now();
  await replica.submit(order);
  let succeeded = 0;
  for await (const { state } of replica.watch(order)) if (state === 'EXECUTION_STATE_SUCCEEDED') succeeded += 1;
  const ms = performance.now() - begin;
  if (succeeded !== order.targets.length)
    throw new Error(`${succeeded} of ${order.targets.length} executions succeeded`);
  return ms;
}
