import { createHash } from 'node:crypto';
import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { GetJobResponse__Output } from '../../proto/gen/muster/v1/GetJobResponse.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import { decodeOrder } from '../../shared/order.ts';
import type { RpcClient } from '../../shared/rpc/client.ts';
import { jobMethods } from '../../shared/rpc/methods.ts';
import { retrying } from '../../shared/rpc/retry.ts';
import { resultSignature } from '../../shared/signing/result-signature.ts';
import { isTerminal, stateName } from './execution-states.ts';

/** By what results are judged. */
export interface Belief {
  /** SHA-256 of the order's bytes, hex. */
  readonly orderDigest: string;
  /** What no node signed is not believed. */
  readonly signed: boolean;
}

/** For an order whose bytes are at hand. */
export const beliefIn = (order: Buffer, { signed }: { signed: boolean }): Belief => ({
  orderDigest: createHash('sha256').update(order).digest('hex'),
  signed,
});

/**
 * What to judge the results of a job by that was submitted some other time; tried for `retryForMs`. Throws UNKNOWN_JOB. `keyed`: who asks
 * has a key, and believes only what is signed.
 */
export async function beliefOf(
  client: RpcClient,
  jobId: string,
  { keyed, retryForMs }: { keyed: boolean; retryForMs: number },
): Promise<Belief> {
  const asked = (): Promise<GetJobResponse__Output> => client.call(jobMethods.GetJob, { jobId });
  const { order, signature } = await retrying(asked, { forMs: retryForMs });
  // A node signs only what belongs together, so another order than the job's makes every result a wrong one.
  const same = order.length > 0 && decodeOrder(order).id === jobId;
  return beliefIn(same ? order : Buffer.alloc(0), { signed: keyed || signature.length > 0 });
}

/** For what shows no ends. */
export const anything: Belief = { orderDigest: '', signed: false };

/** Said by the control plane itself, of what it never offered. */
const ownStates: ReadonlySet<string> = new Set(['EXECUTION_STATE_EXPIRED', 'EXECUTION_STATE_SKIPPED']);

/**
 * The execution as it may be shown: an end that its node did not sign is none. It is undetermined then, whatever was said of it.
 */
export function believed(execution: Execution__Output, { orderDigest, signed }: Belief): Execution__Output {
  const { state, result, id } = execution;
  if (!isTerminal(state) || ownStates.has(state)) return execution;
  const found =
    result === null ? 'missing' : resultSignature({ execution: id as ExecutionId, orderDigest }, { ...result, state });
  if (found === 'valid' || (found === 'missing' && !signed)) return execution;
  const why = found === 'missing' ? 'not signed by its node' : 'with a signature that is not its node’s over this';
  return doubted(execution, `${stateName(state)} was reported, ${why}`);
}

/** As undetermined as if nothing had been said of its end, and why. */
export const doubted = (execution: Execution__Output, message: string): Execution__Output => ({
  ...execution,
  state: 'EXECUTION_STATE_INTERRUPTED',
  undetermined: true,
  result: execution.result && { ...execution.result, ...nothingKnown, message },
});

const nothingKnown = {
  state: 'EXECUTION_STATE_INTERRUPTED',
  reason: 'unverified',
  exitCode: undefined,
  signal: undefined,
  signalInferred: false,
  stderrTail: Buffer.alloc(0),
  receipt: null,
} as const;
