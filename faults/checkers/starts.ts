import type { HistoryEvent } from '../history/event.ts';
import { type Checker, expectedExecutions } from './checker.ts';

/** Exit statuses tell that the command ran. */
const ran = new Set(['EXECUTION_STATE_SUCCEEDED', 'EXECUTION_STATE_FAILED', 'EXECUTION_STATE_TIMED_OUT']);
/** The server or the agent says that it never did. */
const neverRan = new Set(['EXECUTION_STATE_EXPIRED', 'EXECUTION_STATE_REJECTED', 'EXECUTION_STATE_SKIPPED']);

/** G1: each execution started at most once, counted by the command itself; and what is said to have run, ran; what is not, did not. */
export const checkStarts: Checker = (history) => {
  const starts = startsOf(history);
  const expected = expectedExecutions(history);
  const problems: string[] = [];
  for (const [execution, count] of starts) {
    if (count > 1) problems.push(`${execution} was started ${count} times`);
    if (!expected.has(execution)) problems.push(`${execution} was started, and nobody submitted it`);
  }
  const judged = new Set<string>();
  for (const event of history) {
    if (event.type !== 'listed') continue;
    for (const { execution, state, end } of event.executions) {
      if (judged.has(execution) || !expected.get(execution)?.target.marks) continue;
      judged.add(execution);
      const count = starts.get(execution) ?? 0;
      if (ran.has(state) && end?.exitCode !== undefined && count === 0) {
        problems.push(`${execution} ended ${state} with exit code ${end.exitCode}, and never started`);
      }
      const unstarted = neverRan.has(state) || expected.get(execution)?.expect.unstarted?.includes(state);
      if (unstarted && count > 0) problems.push(`${execution} ended ${state}, and had started`);
    }
  }
  return problems;
};

/** How often each execution says that it started. */
export function startsOf(history: readonly HistoryEvent[]): Map<string, number> {
  const starts = new Map<string, number>();
  for (const event of history) {
    if (event.type === 'mark' && event.what === 'start')
      starts.set(event.execution, (starts.get(event.execution) ?? 0) + 1);
  }
  return starts;
}
