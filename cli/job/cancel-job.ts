import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { retrying } from '../../shared/rpc/retry.ts';

export interface CancelOptions {
  readonly retryForMs: number;
  /** First signal to send; TERM where not given. */
  readonly signalNumber?: number;
  /** Until KILL, in ms; the order's where not given. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
}

/** Asks for the end of a job until a replica has taken it. Asking again is harmless. */
export async function cancelJob(client: RpcClient, jobId: string, options: CancelOptions): Promise<Job__Output | null> {
  const { signalNumber = 0, graceMs } = options;
  const signal = options.signal ? { signal: options.signal } : {};
  const request = { jobId, signal: signalNumber, ...(graceMs !== undefined && { graceMs }) };
  const { job } = await retrying(() => client.call(jobMethods.Cancel, request, signal), {
    forMs: options.retryForMs,
    ...signal,
  });
  return job;
}
