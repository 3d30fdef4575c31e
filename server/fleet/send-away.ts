import type { NodeUid } from '../../shared/ids.ts';
import type { Clock, Timer } from '../../shared/time.ts';

/** What sending away needs of a session. */
export interface Leaving {
  readonly uid: NodeUid;
  readonly live: boolean;
  /** Executions that the agent has in hand. */
  readonly holding: number;
  reconnect(reason: string, afterMs: number): void;
}

const tickMs = 20;

/** Who goes first: those with nothing in hand, then those with least. At most `count`. */
export function leavingOrder<Session extends Leaving>(sessions: Iterable<Session>, count: number): Session[] {
  return [...sessions].sort((a, b) => a.holding - b.holding).slice(0, Math.max(0, count));
}

/** How many of `count` have been told after so long: one at once, then `aSecond`; never more than there are. */
export function toldBy(elapsedMs: number, aSecond: number, count: number): number {
  if (!Number.isFinite(aSecond)) return count;
  return Math.min(count, 1 + Math.floor((elapsedMs * aSecond) / 1000));
}

/** As fast as the others let agents in, faster where `withinMs` would not do. A second. */
export const drainRate = (count: number, withinMs: number, admittedASecond: number): number =>
  withinMs <= 0 ? Number.POSITIVE_INFINITY : Math.max(admittedASecond, (count * 1000) / withinMs);

/** Sends agents elsewhere at a pace: each goes on as before until its turn. What runs on their hosts does not notice. */
export class SendAway {
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(options: { clock: Clock }) {
    this.#clock = options.clock;
  }

  /** Takes the place of what was begun before. */
  begin(sessions: readonly Leaving[], aSecond: number, reason: string): void {
    this.#timer?.cancel();
    const startMs = this.#clock.monotonic();
    let told = 0;
    const tell = (): void => {
      const due = toldBy(this.#clock.monotonic() - startMs, aSecond, sessions.length);
      for (; told < due; told += 1) {
        const session = sessions[told];
        if (session?.live) session.reconnect(reason, 0);
      }
      this.#timer = told < sessions.length ? this.#clock.after(tickMs, tell) : undefined;
    };
    tell();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
