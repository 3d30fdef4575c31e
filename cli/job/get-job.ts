import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import { MusterError } from '../../shared/errors.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { atAnyReplica } from '../../shared/rpc/retry.ts';
import type { SignedOrder } from '../../shared/signing/order-signature.ts';
import { type Belief, believed } from './believed.ts';

/** A job as it is now, and its order as it was submitted. Throws UNKNOWN_JOB. */
export async function getJob(client: RpcClient, jobId: string): Promise<{ job: Job__Output; signed: SignedOrder }> {
  const { job, order, signature } = await atAnyReplica(client, () => client.call(jobMethods.GetJob, { jobId }));
  if (job === null) throw new MusterError('INTERNAL', 'the replica answered without the job');
  return { job, signed: { order, signature } };
}

/** All executions of a job, in rollout order, page by page. */
export async function listExecutions(client: RpcClient, jobId: string, belief: Belief): Promise<Execution__Output[]> {
  const all: Execution__Output[] = [];
  let pageToken = '';
  do {
    const request = { jobId, pageSize: 1000, pageToken };
    const page = await atAnyReplica(client, () => client.call(jobMethods.ListExecutions, request));
    all.push(...page.executions.map((execution) => believed(execution, belief)));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}
