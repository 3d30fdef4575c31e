import type { JobCounts } from '../../proto/gen/muster/v1/JobCounts.ts';
import { decodeOrder } from '../../shared/order.ts';
import type { StoredJob } from './job-store.ts';
import type { JobProgress, JobStateName } from './progress.ts';

/** How many executions ended how, by state without its prefix; `UNDETERMINED` are those that nothing is stored of. */
export type EndCounts = Readonly<Record<string, number>>;

/** The counts with further ends, each of an execution that was undetermined until now. */
export function countEnds(counts: EndCounts, states: Iterable<unknown>): EndCounts {
  const sums: Record<string, number> = { ...counts };
  for (const state of states) {
    const name = String(state).replace(/^EXECUTION_STATE_/, '');
    sums[name] = (sums[name] ?? 0) + 1;
    sums.UNDETERMINED = (sums.UNDETERMINED ?? 0) - 1;
  }
  return sums;
}

/** What a job is as a whole, without its executions. */
export type JobFacts = Pick<
  JobProgress,
  'id' | 'state' | 'reason' | 'order' | 'signed' | 'counts' | 'submittedUnixMs' | 'closedUnixMs'
>;

/** Of a closed job, from its record alone; undefined where that does not say it all. */
export function closedFacts({ id, orderBytes, signature, submittedUnixMs, record }: StoredJob): JobFacts | undefined {
  const { counts: ends, reason, closedUnixMs } = record;
  if (record.state !== 'closed' || ends.UNDETERMINED === undefined) return undefined;
  const order = decodeOrder(orderBytes);
  const counts = (): JobCounts => ({
    total: order.planCount,
    undetermined: ends.UNDETERMINED ?? 0,
    succeeded: ends.SUCCEEDED ?? 0,
    failed: ends.FAILED ?? 0,
    timedOut: ends.TIMED_OUT ?? 0,
    cancelled: ends.CANCELLED ?? 0,
    interrupted: ends.INTERRUPTED ?? 0,
    expired: ends.EXPIRED ?? 0,
    rejected: ends.REJECTED ?? 0,
    skipped: ends.SKIPPED ?? 0,
  });
  const state: JobStateName = 'closed';
  return { id, state, reason, order, signed: { order: orderBytes, signature }, counts, submittedUnixMs, closedUnixMs };
}
