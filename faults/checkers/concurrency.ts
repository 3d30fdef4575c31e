import type { HistoryEvent } from '../history/event.ts';
import { type Checker, jobOf, submitted } from './checker.ts';
import { startsOf } from './starts.ts';

/**
 * By the times that the commands wrote down: never more of a job at once than its order allows, and once its failure budget is
 * spent nothing more. Each start beyond the first `maxConcurrency` takes a known end; a budget of b allows b + 1 of them to be
 * failures, so that c + b is the most that may ever start where all fail.
 */
export const checkConcurrency: Checker = (history) => {
  const problems: string[] = [];
  for (const [job, { maxConcurrency, maxErrors }] of submitted(history)) {
    if (maxConcurrency === undefined) continue;
    const most = mostAtOnce(history, job);
    if (most > maxConcurrency) problems.push(`job ${job}: ${most} ran at once, ${maxConcurrency} may`);
    if (maxErrors === undefined) continue;
    const started = [...startsOf(history).keys()].filter((execution) => jobOf(execution) === job).length;
    if (started > maxConcurrency + maxErrors) {
      problems.push(
        `job ${job}: ${started} started, though its budget of ${maxErrors} stops it at ${maxConcurrency + maxErrors}`,
      );
    }
  }
  return problems;
};

/** The most executions of a job that were between their start and their stop; one without a stop counts as over at once. */
export function mostAtOnce(history: readonly HistoryEvent[], job: string): number {
  const starts = new Map<string, number>();
  const changes: { at: number; by: 1 | -1 }[] = [];
  for (const event of history) {
    if (event.type !== 'mark' || jobOf(event.execution) !== job) continue;
    if (event.what === 'start') starts.set(event.execution, event.atUnixMs);
    const start = starts.get(event.execution);
    if (event.what !== 'stop' || start === undefined) continue;
    changes.push({ at: start, by: 1 }, { at: event.atUnixMs, by: -1 });
  }
  // What stops in the millisecond in which another starts had stopped before.
  changes.sort((left, right) => left.at - right.at || left.by - right.by);
  let running = 0;
  let most = 0;
  for (const { by } of changes) {
    running += by;
    most = Math.max(most, running);
  }
  return most;
}
