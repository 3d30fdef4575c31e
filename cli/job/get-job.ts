import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import { MusterError } from '../../shared/errors.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { atAnyReplica } from '../../shared/rpc/retry.ts';

/** A job as it is now. Throws UNKNOWN_JOB. */
export async function getJob(client: RpcClient, jobId: string): Promise<Job__Output> {
  const { job } = await atAnyReplica(client, () => client.call(jobMethods.GetJob, { jobId }));
  if (job === null) throw new MusterError('INTERNAL', 'the replica answered without the job');
  return job;
}

/** All executions of a job, in rollout order, page by page. */
export async function listExecutions(client: RpcClient, jobId: string): Promise<Execution__Output[]> {
  const all: Execution__Output[] = [];
  let pageToken = '';
  do {
    const request = { jobId, pageSize: 1000, pageToken };
    const page = await atAnyReplica(client, () => client.call(jobMethods.ListExecutions, request));
    all.push(...page.executions);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}
