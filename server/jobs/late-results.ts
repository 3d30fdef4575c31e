import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId, JobId } from '../../shared/ids.ts';
import { keys } from '../store/keys.ts';
import type { Lease, Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { JobStore } from './job-store.ts';

const attempt = 1;

/**
 * Takes in a result of a job that no coordinator drives: closed with this execution undetermined, say. Claims the coordinator
 * key, commits, lets go. `released` = it is in the store (or was); `unknown` = there is no such job; `held` = a coordinator has
 * the job, or will: offer the result again later.
 */
export async function storeLateResult(options: {
  store: Store;
  jobs: JobStore;
  lease: Lease;
  coordinator: Buffer;
  job: JobId;
  execution: ExecutionId;
  nodeUid: string;
  result: ExecutionResult;
}): Promise<'released' | 'unknown' | 'held'> {
  const { store, jobs, job } = options;
  const stored = await jobs.get(job);
  if (stored === undefined) return 'unknown';
  if (stored.record.state !== 'closed') return 'held';
  const target = (await jobs.targets(job)).findIndex(({ uid }) => uid === options.nodeUid);
  if (target < 0) return 'unknown';
  for await (const known of jobs.results(job)) if (known.target === target) return 'released';
  const key = keys.coordinator(job);
  const claimed = await store.commit({
    if: [{ key, exists: false }],
    then: [{ put: key, value: options.coordinator, lease: options.lease }],
  });
  if (!claimed.succeeded) return 'held';
  const results = [{ target, attempt, result: options.result }];
  const written = await store.commit({
    if: [{ key, createRevision: claimed.revision }],
    then: [{ put: keys.result(job, claimed.revision, 0), value: values.result.encode({ results }) }, { delete: key }],
  });
  return written.succeeded ? 'released' : 'held';
}
