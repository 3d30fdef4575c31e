import type { EndReceipt__Output } from '../../proto/gen/muster/v1/EndReceipt.ts';
import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { ExecutionResult__Output } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import { shortDuration } from './short-duration.ts';
import { signalName } from './signal-name.ts';
import { visibleText } from './visible.ts';

/** How an execution ended (or stands), in one line for people. */
export function ending(execution: Execution__Output): string {
  const { result } = execution;
  const because = explanation(result);
  switch (execution.state) {
    case 'EXECUTION_STATE_SUCCEEDED':
      return 'succeeded';
    case 'EXECUTION_STATE_FAILED':
      return `failed: ${failure(result)}`;
    case 'EXECUTION_STATE_TIMED_OUT':
      return `timed out${ranFor(result)}${receiptOf(result)}`;
    case 'EXECUTION_STATE_CANCELLED':
      return began(result) ? `cancelled${receiptOf(result)}` : 'cancelled: it never ran';
    case 'EXECUTION_STATE_INTERRUPTED':
      if (result?.reason === 'unverified')
        return `not believed: ${visibleText(result.message)}; what became of it is not known`;
      return `interrupted${because}; it may have run in part, and is not run again`;
    case 'EXECUTION_STATE_EXPIRED':
      return `expired: not delivered in time, it never ran${because}`;
    case 'EXECUTION_STATE_REJECTED':
      return `refused by the agent, it never ran${because}`;
    case 'EXECUTION_STATE_SKIPPED':
      if (result?.reason === 'superseded')
        return 'skipped: a newer job with the same latest key takes its place; it never ran';
      return `skipped, it never ran${because}`;
    default:
      if (execution.undetermined) return 'undetermined: the job closed without word of it';
      return `${progress(execution)}${execution.nodeAway ? ', its node is away' : ''}`;
  }
}

function progress(execution: Execution__Output): string {
  if (execution.state === 'EXECUTION_STATE_RUNNING') return 'running';
  return execution.state === 'EXECUTION_STATE_DISPATCHED' ? 'accepted, not started yet' : 'not offered yet';
}

/** It ran: its output says so where the moment of its start is not known. */
const began = (result: ExecutionResult__Output | null): boolean =>
  [result?.startedUnixMs, result?.stdout?.bytes, result?.stderr?.bytes].some((number) => number) ||
  [result?.stdout, result?.stderr].some((summary) => (summary?.gaps.length ?? 0) > 0);

/** `exit code 3`, `signal 9 (KILL)`, or why it could not start. */
function failure(result: ExecutionResult__Output | null): string {
  if (result?.signal !== undefined) {
    const inferred = result.signalInferred ? ', inferred from its exit code' : '';
    return `signal ${result.signal} (${signalName(result.signal)})${inferred}${explanation(result)}`;
  }
  if (result?.exitCode !== undefined) return `exit code ${result.exitCode}${explanation(result)}`;
  return `could not start${explanation(result)}`;
}

function explanation(result: ExecutionResult__Output | null): string {
  const parts = [result?.reason, result?.message].filter((part) => part);
  return parts.length > 0 ? ` (${visibleText(parts.join(': '))})` : '';
}

const ranFor = (result: ExecutionResult__Output | null): string => {
  if (result === null) return '';
  const late = result.overrunMs > 0 ? `, ${shortDuration(result.overrunMs)} late because the agent was away` : '';
  return ` (it ran ${shortDuration(result.durationMs)}${late})`;
};

const receiptOf = (result: ExecutionResult__Output | null): string =>
  result?.receipt ? `: ${receipt(result.receipt)}` : '';

/** What a cancel or timeout did: signals, time to exit, processes left. */
export function receipt(end: EndReceipt__Output): string {
  const signals = end.signals.map(({ signal, afterMs, processes }) => {
    const whom = processes > 0 ? `${processes} process${processes === 1 ? '' : 'es'}` : 'the whole cgroup';
    return `${signalName(signal)} to ${whom}${afterMs > 0 ? ` after ${shortDuration(afterMs)}` : ''}`;
  });
  const left = end.processesLeft.map(({ pid, name }) => `${pid} ${visibleText(name)}`).join(', ');
  const seen = end.complete ? '' : ', as far as could be seen';
  return [
    signals.join(', ') || 'no signal was needed',
    `exit ${shortDuration(end.timeToExitMs)} later`,
    left === '' ? `nothing left${seen}` : `still there: ${left}${seen}`,
  ].join('; ');
}
