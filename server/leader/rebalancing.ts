import type { Clock } from '../../shared/time.ts';
import type { Duty } from './duties.ts';
import type { LeaderTerm } from './leader-term.ts';

/** Sessions of each replica that takes some; undefined = one of them can't say now, so that nothing can be judged. */
export type SessionCounts = ReadonlyMap<string, number> | undefined;

/** So uneven nobody moves an agent: a tenth of a fair share, and a few. */
const toleratedPart = 0.1;
const toleratedSessions = 16;
/** Of a replica, so that the others take them in without a herd. */
const shedASecond = 50;
const standardSettleMs = 10_000;

/** How many sessions each replica has above its fair share, where that is more than may be; nobody else is named. */
export function excessOf(counts: ReadonlyMap<string, number>): Map<string, number> {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const share = total / counts.size;
  const excess = new Map<string, number>();
  for (const [replica, count] of counts) {
    const above = count - share;
    if (above > share * toleratedPart + toleratedSessions) excess.set(replica, Math.floor(above));
  }
  return excess;
}

/** What is to be shed: what was too much at two looks at the same replicas, and no more than at either. */
export function shedOf(before: SessionCounts, now: SessionCounts): Map<string, number> {
  if (before === undefined || now === undefined || before.size !== now.size) return new Map();
  if ([...now.keys()].some((replica) => !before.has(replica))) return new Map();
  const earlier = excessOf(before);
  const shed = new Map<string, number>();
  for (const [replica, count] of excessOf(now)) {
    const both = Math.min(count, earlier.get(replica) ?? 0);
    if (both > 0) shed.set(replica, both);
  }
  return shed;
}

/** After a replica came, agents are asked to go elsewhere, paced, until each holds its share. */
export class Rebalancing implements Duty {
  readonly name = 'rebalancing';
  readonly intervalMs: number;
  readonly #clock: Clock;
  readonly #counts: () => SessionCounts;
  readonly #shed: (replica: string, count: number, aSecond: number, leaderRevision: number) => boolean;
  readonly #settleMs: number;
  #before: SessionCounts;
  #restUntilMs = 0;

  constructor(options: {
    clock: Clock;
    counts: () => SessionCounts;
    /** Asks a replica to send so many agents elsewhere; false where it can't be asked now. */
    shed: (replica: string, count: number, aSecond: number, leaderRevision: number) => boolean;
    intervalMs?: number;
    /** Agents that were sent away find their place in that time; so do those that a new term finds on their way. */
    settleMs?: number;
  }) {
    this.#clock = options.clock;
    this.#counts = options.counts;
    this.#shed = options.shed;
    this.intervalMs = options.intervalMs ?? 5000;
    this.#settleMs = options.settleMs ?? standardSettleMs;
  }

  begin(): void {
    this.#before = undefined;
    this.#restUntilMs = this.#clock.monotonic() + this.#settleMs;
  }

  async round(term: LeaderTerm): Promise<Record<string, number> | undefined> {
    // What was asked for is still on its way.
    if (this.#clock.monotonic() < this.#restUntilMs) return undefined;
    const now = this.#counts();
    const shed = shedOf(this.#before, now);
    this.#before = now;
    let sessions = 0;
    for (const [replica, count] of shed) {
      if (this.#shed(replica, count, shedASecond, term.revision)) sessions = Math.max(sessions, count);
    }
    if (sessions === 0) return undefined;
    this.#before = undefined;
    this.#restUntilMs = this.#clock.monotonic() + (sessions / shedASecond) * 1000 + this.#settleMs;
    return { sessions };
  }
}
