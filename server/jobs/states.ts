import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';

export type StateName = ExecutionState__Output;

/** States in the order of their numbers on the wire; what is past RUNNING is terminal, and equal in rank. */
const states: readonly StateName[] = [
  'EXECUTION_STATE_UNSPECIFIED',
  'EXECUTION_STATE_PENDING',
  'EXECUTION_STATE_DISPATCHED',
  'EXECUTION_STATE_RUNNING',
  'EXECUTION_STATE_SUCCEEDED',
  'EXECUTION_STATE_FAILED',
  'EXECUTION_STATE_TIMED_OUT',
  'EXECUTION_STATE_CANCELLED',
  'EXECUTION_STATE_INTERRUPTED',
  'EXECUTION_STATE_EXPIRED',
  'EXECUTION_STATE_REJECTED',
  'EXECUTION_STATE_SKIPPED',
];
const firstTerminal = 4;
const numbers: ReadonlyMap<string, number> = new Map(states.map((state, number) => [state, number]));

/** Its number on the wire, 0 for what is no state. */
export const stateNumber = (state: string): number => numbers.get(state) ?? 0;

/** The execution is over. */
export const isTerminal = (state: string): boolean => stateNumber(state) >= firstTerminal;

/** Whether `to` is a step forward from `from`. Nothing follows a terminal state: the first one stands. */
export function raises(from: StateName, to: StateName): boolean {
  return !isTerminal(from) && stateNumber(to) > stateNumber(from);
}

/** It counts against the failure budget: over, and neither a success nor what the rollout itself skipped. */
export const isError = (state: StateName): boolean =>
  isTerminal(state) && state !== 'EXECUTION_STATE_SUCCEEDED' && state !== 'EXECUTION_STATE_SKIPPED';

/** It never ran, and nobody but the control plane says so. Only for what was never offered. */
export const isServerMade = (state: StateName): boolean =>
  state === 'EXECUTION_STATE_EXPIRED' || state === 'EXECUTION_STATE_SKIPPED';

export type ClosingReason = 'done' | 'cancelled' | 'max-errors' | 'superseded' | 'deadline';

/**
 * Why a job closes now; undefined = it stays open. A cancel that found everything over already, and a budget that was
 * spent when nothing was left to skip, changed nothing: `done`.
 */
export function closingReason(job: {
  /** Every execution has its end. */
  readonly complete: boolean;
  readonly cancelled: boolean;
  /** Executions in state SKIPPED. */
  readonly skipped: number;
  /** How many of them a newer order of the same key has superseded. */
  readonly superseded: number;
  readonly deadlinePassed: boolean;
  /** Executions in state CANCELLED. */
  readonly cancelledExecutions: number;
}): ClosingReason | undefined {
  if (!job.complete) return job.deadlinePassed ? 'deadline' : undefined;
  if (job.cancelled && job.skipped + job.cancelledExecutions > 0) return 'cancelled';
  if (job.skipped > job.superseded) return 'max-errors';
  return job.superseded > 0 ? 'superseded' : 'done';
}
