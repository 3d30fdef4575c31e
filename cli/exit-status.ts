import { status } from '@grpc/grpc-js';
import type { Execution__Output } from '../proto/gen/muster/v1/Execution.ts';
import { catalog, MusterError } from '../shared/errors.ts';
import { isTerminal } from './job/execution-states.ts';
import { UsageError } from './usage-error.ts';

/** What the process ends with. */
export const exitStatus = {
  succeeded: 0,
  someDidNot: 1,
  usage: 2,
  noNodeMatched: 3,
  denied: 4,
  unavailable: 5,
  undetermined: 6,
  timedOut: 124,
  interrupted: 130,
  /** Muster's own failure where the command's own status was asked for. */
  ownFailure: 255,
} as const;

/**
 * The status of a whole job: undetermined ones first, since nothing may be concluded from the rest; timed out where that is all
 * that went wrong; unavailable where no node was reached in time; one plain 1 for any other mixture.
 */
export function statusOfJob(executions: readonly Execution__Output[]): number {
  const rest = executions.filter(({ state }) => state !== 'EXECUTION_STATE_SUCCEEDED');
  if (executions.length === 0) return exitStatus.undetermined;
  if (rest.length === 0) return exitStatus.succeeded;
  if (rest.some((execution) => execution.undetermined || !isTerminal(execution.state))) return exitStatus.undetermined;
  if (rest.every(({ state }) => state === 'EXECUTION_STATE_TIMED_OUT')) return exitStatus.timedOut;
  if (executions.every(({ state }) => state === 'EXECUTION_STATE_EXPIRED')) return exitStatus.unavailable;
  return exitStatus.someDidNot;
}

/** The largest status of the command on its nodes (of one: its own), as `clush -S` does; 255 where it has none. */
export const statusOfCommand = (executions: readonly Execution__Output[]): number =>
  executions.length === 0 ? exitStatus.ownFailure : Math.max(...executions.map(ownStatus));

/** 128 + n for a signal, 124 for a timeout, as a shell and timeout(1) have it. */
function ownStatus({ state, result }: Execution__Output): number {
  if (state === 'EXECUTION_STATE_SUCCEEDED') return exitStatus.succeeded;
  if (state === 'EXECUTION_STATE_TIMED_OUT') return exitStatus.timedOut;
  if (state !== 'EXECUTION_STATE_FAILED' && state !== 'EXECUTION_STATE_CANCELLED') return exitStatus.ownFailure;
  if (result?.signal !== undefined) return 128 + result.signal;
  return result?.exitCode ?? exitStatus.ownFailure;
}

/** The status of a command that ended with this error. */
export function statusOfError(error: unknown): number {
  if (error instanceof UsageError) return exitStatus.usage;
  if (!(error instanceof MusterError)) return exitStatus.someDidNot;
  if (error.reason === 'NO_NODE_MATCHED' || error.reason === 'UNKNOWN_NODE') return exitStatus.noNodeMatched;
  switch (grpcStatusOf(error)) {
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return exitStatus.usage;
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return exitStatus.denied;
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
    case status.RESOURCE_EXHAUSTED:
      return exitStatus.unavailable;
    default:
      return exitStatus.someDidNot;
  }
}

const grpcStatusOf = (error: MusterError): number =>
  'grpcStatus' in error && typeof error.grpcStatus === 'number' ? error.grpcStatus : catalog[error.reason].status;
