import type { EndReceipt } from '../../proto/gen/muster/v1/EndReceipt.ts';
import type { ExecutionResult, ExecutionResult__Output } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import { codec } from '../../shared/rpc/proto.ts';
import { signResult } from '../../shared/signing/result-signature.ts';
import type { EndingCause } from '../journal/record.ts';
import type { Settled } from '../spool/spool.ts';
import type { CommandEnd } from '../supervisor/exit-file.ts';
import type { ExecutionPorts } from './ports.ts';

/** The encoding in which results lie in the journal. */
export const results = codec<ExecutionResult, ExecutionResult__Output>('muster.v1.ExecutionResult');

/** Of a released result so much is kept, for as long as its id. */
const keptResultBytes = 512;

/**
 * What is kept of a result once the control plane has it: a store that was rolled back offers its execution again, and has to be
 * told how it ended. Tail, receipt and gaps go where they make it long.
 */
export function releasedResult(bytes: Buffer): Buffer {
  if (bytes.length <= keptResultBytes) return bytes;
  const { stdout, stderr, message, ...rest } = results.decode(bytes);
  const summary = (of: typeof stdout) => of && { bytes: of.bytes, digest: of.digest };
  const short = { stdout: summary(stdout), stderr: summary(stderr), message: message.slice(0, 80) };
  return results.encode({ ...rest, ...short, stderrTail: Buffer.alloc(0), receipt: null });
}

/** The result as it is journaled and told: with the node's signature. `orderDigest` is empty where there never was an order. */
export const sealed = (
  execution: ExecutionId,
  orderDigest: string,
  result: ExecutionResult,
  { key }: Pick<ExecutionPorts, 'key'>,
): ExecutionResult => signResult({ execution, orderDigest }, result, key);

const stateOfCause = {
  cancel: 'EXECUTION_STATE_CANCELLED',
  timeout: 'EXECUTION_STATE_TIMED_OUT',
  'output-bound': 'EXECUTION_STATE_FAILED',
} as const;

export type Outcome = Pick<ExecutionResult, 'state' | 'reason' | 'message' | 'exitCode' | 'signal' | 'signalInferred'>;

/** How a command that ran to its end came out. What was journaled as its ending decides the state. */
export function outcomeOf(options: {
  readonly end: CommandEnd;
  /** Its program never came to run; the status of what failed. */
  readonly spawnError: boolean;
  readonly program: string;
  readonly ending: EndingCause | undefined;
}): Outcome {
  const { end, spawnError, program, ending } = options;
  if (spawnError && ending === undefined) {
    const missing = 'exitCode' in end && end.exitCode === 127;
    const why = missing ? 'was not found' : 'can’t be run here (permission, working directory or format)';
    return { state: 'EXECUTION_STATE_FAILED', reason: 'spawn', message: `${program.slice(0, 200)} ${why}` };
  }
  const how = 'exitCode' in end ? { exitCode: end.exitCode } : { signal: end.signal, signalInferred: end.inferred };
  if (ending !== undefined)
    return { state: stateOfCause[ending], reason: ending === 'output-bound' ? ending : '', ...how };
  const succeeded = 'exitCode' in end && end.exitCode === 0;
  return { state: succeeded ? 'EXECUTION_STATE_SUCCEEDED' : 'EXECUTION_STATE_FAILED', ...how };
}

/** How it came out where its supervisor is lost: what was journaled as its ending still decides. */
export function interruptedOutcome(
  reason: 'journal' | 'reboot' | 'supervisor',
  ending: EndingCause | undefined,
): Outcome {
  const state = ending === undefined ? 'EXECUTION_STATE_INTERRUPTED' : stateOfCause[ending];
  const messages = {
    journal: 'its folder is there, but the journal does not know it',
    reboot: 'the host was started anew while it ran',
    supervisor: 'its supervisor was killed; how the command ended is not known',
  };
  return { state, reason, message: messages[reason] };
}

/** How one ends that has never run; `obstacle` says why it could not. */
export function unrunOutcome(end: 'cancelled' | 'timed-out' | 'expired' | 'lost', obstacle?: string): Outcome {
  switch (end) {
    case 'cancelled':
      return { state: 'EXECUTION_STATE_CANCELLED', message: 'cancelled before it started' };
    case 'timed-out':
      return { state: 'EXECUTION_STATE_TIMED_OUT', message: 'its time was over before it started' };
    case 'expired':
      return { state: 'EXECUTION_STATE_EXPIRED', message: 'not started before its expiry or delivery deadline' };
    case 'lost':
      return {
        state: 'EXECUTION_STATE_FAILED',
        reason: 'spawn',
        message: obstacle ?? 'three supervisors were lost before it started',
      };
  }
}

/** The part of a result that tells of the output. */
export function outputPart(settled: Settled | undefined, succeeded: boolean): Partial<ExecutionResult> {
  if (settled === undefined) return {};
  const { stdout, stderr, stderrTail } = settled;
  return { stdout, stderr, ...(!succeeded && { stderrTail }) };
}

export function receiptOf(options: {
  readonly cause: EndingCause;
  readonly signals: NonNullable<EndReceipt['signals']>;
  readonly timeToExitMs: number;
  readonly left: readonly { readonly pid: number; readonly name: string }[];
  readonly containment: 'cgroup' | 'marker';
}): EndReceipt {
  const { cause, signals, timeToExitMs, left, containment } = options;
  return {
    cause,
    signals,
    timeToExitMs: Math.max(0, Math.round(timeToExitMs)),
    processesLeft: left.slice(0, 64).map(({ pid, name }) => ({ pid, name })),
    complete: containment === 'cgroup',
  };
}
