import { stateRank } from '../../cli/job/execution-states.ts';
import type { HistoryEvent, ToldExecution } from '../history/event.ts';
import { type Checker, expectedExecutions, submitted } from './checker.ts';
import { excusesOf } from './excuses.ts';

/**
 * G2 and G4: what a follower is told of an execution only moves forward, over as many watches and replicas as it takes; it ends
 * once, in a state that the case allows, and all followers and replicas tell the same end. Every follower sees its job close.
 */
export const checkStates: Checker = (history) => [...forward(history), ...oneEnd(history), ...closed(history)];

function forward(history: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  const last = new Map<string, ToldExecution>();
  for (const event of history) {
    if (event.type !== 'execution') continue;
    const name = `${event.execution} at ${event.follower}`;
    const before = last.get(name);
    last.set(name, event);
    if (before === undefined || stateRank(event.state) > stateRank(before.state)) continue;
    if (event.state !== before.state) problems.push(`${name}: ${event.state} after ${before.state}`);
  }
  return problems;
}

function oneEnd(history: readonly HistoryEvent[]): string[] {
  const expected = expectedExecutions(history);
  const { interrupted } = excusesOf(history);
  const ends = new Map<string, { readonly text: string; readonly by: string }>();
  const problems = new Set<string>();
  const look = (told: ToldExecution, by: string): void => {
    const known = expected.get(told.execution);
    if (known === undefined) problems.add(`${told.execution} is told of by ${by}, and nobody submitted it`);
    if (known === undefined || told.end === undefined) return;
    const text = JSON.stringify({ state: told.state, ...told.end });
    const first = ends.get(told.execution);
    if (first === undefined) ends.set(told.execution, { text, by });
    else if (first.text !== text)
      problems.add(`${told.execution} ended twice: ${first.text} (${first.by}), ${text} (${by})`);
    const excused = told.state === 'EXECUTION_STATE_INTERRUPTED' && interrupted.has(told.execution);
    if (!known.expect.states.includes(told.state) && !excused)
      problems.add(`${told.execution} ended ${told.state} (${told.end.reason})`);
    if (told.end.exitCode !== undefined && !known.expect.exitCodes.includes(told.end.exitCode))
      problems.add(`${told.execution} exited ${told.end.exitCode}, which no command does`);
  };
  for (const event of history) {
    if (event.type === 'execution') look(event, event.follower);
    if (event.type !== 'listed') continue;
    for (const told of event.executions) {
      look(told, event.server);
      if (told.end === undefined && !told.undetermined)
        problems.add(`${told.execution} is still ${told.state} on ${event.server}`);
      if (told.undetermined) problems.add(`${told.execution} is undetermined on ${event.server}`);
    }
  }
  return [...problems];
}

function closed(history: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  const followers = new Map<string, string>();
  const done = new Set<string>();
  const listed = new Map<string, number>();
  for (const event of history) {
    if (event.type === 'watch') followers.set(event.follower, event.job);
    if (event.type === 'watch-done') done.add(event.follower);
    if (event.type === 'listed') listed.set(event.job, event.executions.length);
  }
  for (const [follower, job] of followers)
    if (!done.has(follower)) problems.push(`${follower} never saw job ${job} close`);
  for (const [job, { targets }] of submitted(history)) {
    const count = listed.get(job);
    if (count !== targets.length)
      problems.push(`job ${job} has ${count ?? 'no'} executions, and ${targets.length} targets`);
  }
  return problems;
}
