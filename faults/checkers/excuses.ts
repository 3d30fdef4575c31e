import type { HistoryEvent } from '../history/event.ts';
import { expectedExecutions } from './checker.ts';

/** What a kill on a node's own host explains of the executions there, beyond what their job expects. */
export interface Excuses {
  /** Its supervisor may have been killed. */
  readonly interrupted: ReadonlySet<string>;
  /** A drain of it may have been killed: bytes are missing, and nobody knows how many. */
  readonly cutOutput: ReadonlySet<string>;
}

/**
 * A kill explains what runs on its node then or comes later (supervisors and drains stand ready before they are needed), and nothing
 * of what was over.
 */
export function excusesOf(history: readonly HistoryEvent[]): Excuses {
  const over = new Map<string, number>();
  const supervisors = new Map<string, number>();
  const drains = new Map<string, number>();
  for (const [at, event] of history.entries()) {
    if (event.type === 'listed' && !over.has(event.job)) over.set(event.job, at);
    if (event.type !== 'fault') continue;
    const { kind, target } = event;
    const first = kind === 'kill-supervisor' ? supervisors : /^kill-drain/.test(kind) ? drains : undefined;
    if (first && !first.has(target)) first.set(target, at);
  }
  const interrupted = new Set<string>();
  const cutOutput = new Set<string>();
  if (supervisors.size + drains.size === 0) return { interrupted, cutOutput };
  for (const [execution, { job, target }] of expectedExecutions(history)) {
    const until = over.get(job) ?? Number.POSITIVE_INFINITY;
    if ((supervisors.get(target.name) ?? until) < until) interrupted.add(execution);
    if ((drains.get(target.name) ?? until) < until) cutOutput.add(execution);
  }
  return { interrupted, cutOutput };
}
