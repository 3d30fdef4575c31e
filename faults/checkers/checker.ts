import type { HistoryEvent } from '../history/event.ts';
import type { Expectation, Target } from '../history/expectation.ts';

/** What is wrong in a history, a sentence each; nothing where all is well. */
export type Checker = (history: readonly HistoryEvent[]) => string[];

/** The jobs that were submitted, and what was expected of each. */
export function submitted(history: readonly HistoryEvent[]): Map<string, Expectation> {
  const jobs = new Map<string, Expectation>();
  for (const event of history) if (event.type === 'submit') jobs.set(event.job, event.expect);
  return jobs;
}

/** Every execution of the jobs that were submitted, by its id. */
export function expectedExecutions(
  history: readonly HistoryEvent[],
): Map<string, { readonly job: string; readonly target: Target; readonly expect: Expectation }> {
  const executions = new Map<string, { job: string; target: Target; expect: Expectation }>();
  for (const [job, expect] of submitted(history)) {
    for (const target of expect.targets) executions.set(`${job}/${target.uid}/1`, { job, target, expect });
  }
  return executions;
}

/** The job of an execution id. */
export const jobOf = (execution: string): string => execution.split('/', 1)[0] ?? '';
