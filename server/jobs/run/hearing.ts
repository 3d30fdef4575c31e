import type { JobTimers } from './job-timers.ts';

const withinMs = 3000;
/** An agent that is asked says that it has accepted, and right behind it how it went on. */
const restWithinMs = 100;

/**
 * What an adopted job hears out before it offers anything: holders on what their agents have, and agents on how it stands. An end that
 * only the coordinator before knew of may be one too many for the budget of errors. Waits for nobody for more than 3 s.
 */
export class Hearing {
  readonly #timers: JobTimers;
  readonly #over: () => void;
  readonly #awaited = new Set<unknown>();
  #open = false;

  /** `over`: nobody is waited for any more. */
  constructor(options: { timers: JobTimers; over: () => void }) {
    this.#timers = options.timers;
    this.#over = options.over;
  }

  /** Somebody has still to be heard. */
  get open(): boolean {
    return this.#open && this.#awaited.size > 0;
  }

  begin(): void {
    this.#open = true;
    this.#timers.after(withinMs, () => this.#end());
  }

  /** Waits for a holder's link or a target, where the hearing has not ended yet. */
  awaits(whom: unknown): void {
    if (this.#open) this.#awaited.add(whom);
  }

  heard(whom: unknown): void {
    if (this.#awaited.delete(whom) && this.#awaited.size === 0) this.#end();
  }

  /** The target's agent has begun to answer. */
  begun(whom: unknown): void {
    if (this.#awaited.has(whom)) this.#timers.after(restWithinMs, () => this.heard(whom));
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#awaited.clear();
    this.#over();
  }
}
