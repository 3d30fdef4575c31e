import { createHash } from 'node:crypto';
import type { Happening, HistoryEvent } from '../../../faults/history/event.ts';
import type { Expectation } from '../../../faults/history/expectation.ts';

export const job = 'a'.repeat(32);
const uids = ['1'.repeat(32), '2'.repeat(32)];
export const executions = uids.map((uid) => `${job}/${uid}/1`) as [string, string];
export const lines = 3;

/** What `worker.sh` prints. */
export const textOf = (execution: string): string =>
  Array.from({ length: lines }, (_, n) => `${execution} ${String(n + 1).padStart(12, '0')}\n`).join('');

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Two executions with two followers and two replicas, all of it as it should be; a test changes one thing. */
export function soundHistory(change: Partial<Expectation> = {}): HistoryEvent[] {
  const targets = uids.map((uid, n) => ({
    ...{ uid, name: `node-${n}`, marks: true },
    generator: { kind: 'lines', lines } as const,
  }));
  const expect: Expectation = {
    ...{ targets, states: ['EXECUTION_STATE_SUCCEEDED'], exitCodes: [0], gaps: [], maxConcurrency: 2 },
    ...change,
  };
  const happenings: Happening[] = [{ type: 'submit', job, expect }];
  for (const [n, execution] of executions.entries()) {
    happenings.push({ type: 'mark', what: 'start', execution, atUnixMs: 1000 + 10 * n });
    happenings.push({ type: 'mark', what: 'stop', execution, atUnixMs: 2000 + 10 * n });
  }
  for (const follower of ['f0', 'f1']) happenings.push(...followed(follower));
  for (const server of ['r0', 'r1']) {
    const listed = executions.map((execution) => ended(execution));
    happenings.push({ type: 'listed', server, job, state: 'JOB_STATE_CLOSED', executions: listed });
  }
  return happenings.map((happening, at) => ({ at, ...happening }));
}

function followed(follower: string): Happening[] {
  const told: Happening[] = [{ type: 'watch', follower, job, server: 'r0' }];
  for (const execution of executions) {
    const [id, text] = [{ follower, execution, stream: 'stdout' } as const, textOf(execution)];
    const away = { nodeAway: false, undetermined: false };
    told.push({ type: 'execution', follower, execution, state: 'EXECUTION_STATE_RUNNING', ...away });
    told.push(
      { type: 'output', ...id, offset: 0, bytes: 10 },
      { type: 'output', ...id, offset: 10, bytes: text.length - 10 },
    );
    told.push({ type: 'end', ...id, offset: text.length });
    told.push({ type: 'execution', follower, ...ended(execution) });
    const stretches = [{ from: 0, until: text.length, sha256: sha256(text) }];
    told.push({ type: 'received', ...id, stretches, ended: true });
    told.push({ type: 'received', follower, execution, stream: 'stderr', stretches: [], ended: true });
  }
  return [...told, { type: 'watch-done', follower, job }];
}

const ended = (execution: string) => ({
  ...({ execution, state: 'EXECUTION_STATE_SUCCEEDED', nodeAway: false, undetermined: false } as const),
  end: { exitCode: 0, signal: undefined, reason: '', stdoutBytes: textOf(execution).length },
});

/** The same history with every event that `which` accepts put through `into`; an empty list leaves it out. */
export function changed<Type extends HistoryEvent['type']>(
  history: readonly HistoryEvent[],
  type: Type,
  into: (event: Extract<HistoryEvent, { type: Type }>, nth: number) => readonly HistoryEvent[],
): HistoryEvent[] {
  let nth = -1;
  return history.flatMap((event) => {
    if (event.type !== type) return [event];
    nth += 1;
    return into(event as Extract<HistoryEvent, { type: Type }>, nth);
  });
}
