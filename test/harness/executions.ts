import type { Execution, Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job, Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import { codec } from '../../shared/rpc/proto.ts';

const executions = codec<Execution, Execution__Output>('muster.v1.Execution');
const jobs = codec<Job, Job__Output>('muster.v1.Job');

/** An execution as it comes over the wire, defaults filled in. */
export function executionOf(node: string, given: Omit<Execution, 'node'> = {}): Execution__Output {
  const nodeUid = Buffer.from(node).toString('hex').padStart(32, '0').slice(-32);
  const base = { id: `${'a'.repeat(32)}/${nodeUid}/1`, nodeUid, node, attempt: 1 };
  return executions.decode(executions.encode({ ...base, ...given }));
}

/** A job as it comes over the wire, defaults filled in. */
export const jobOf = (given: Job = {}): Job__Output => jobs.decode(jobs.encode({ id: 'a'.repeat(32), ...given }));
