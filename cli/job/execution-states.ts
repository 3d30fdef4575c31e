import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';

/** How far an execution has come: 0 unknown … 4 over. States only move forward. */
export function stateRank(state: ExecutionState__Output): number {
  switch (state) {
    case 'EXECUTION_STATE_UNSPECIFIED':
      return 0;
    case 'EXECUTION_STATE_PENDING':
      return 1;
    case 'EXECUTION_STATE_DISPATCHED':
      return 2;
    case 'EXECUTION_STATE_RUNNING':
      return 3;
    default:
      return 4;
  }
}

export const isTerminal = (state: ExecutionState__Output): boolean => stateRank(state) === 4;

/** `RUNNING`, `TIMED_OUT`, … as the documents say it. */
export const stateName = (state: ExecutionState__Output): string => state.slice('EXECUTION_STATE_'.length);

/** The latest attempt on each node, in the order in which nodes were first told of. */
export function latestAttempts(executions: Iterable<Execution__Output>): Execution__Output[] {
  const byNode = new Map<string, Execution__Output>();
  for (const execution of executions) {
    const known = byNode.get(execution.nodeUid);
    if (known === undefined || execution.attempt > known.attempt) byNode.set(execution.nodeUid, execution);
  }
  return [...byNode.values()];
}
