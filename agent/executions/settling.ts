import type { Clock } from '../../shared/time.ts';

/** Lets others wait until nothing is on its way to the journal, but not for ever. */
export class Settling {
  readonly #clock: Clock;
  readonly #pending: () => boolean;
  readonly #waiting = new Set<() => void>();

  constructor(options: { clock: Clock; pending: () => boolean }) {
    this.#clock = options.clock;
    this.#pending = options.pending;
  }

  /** Something has come to its end. */
  changed(): void {
    if (this.#waiting.size > 0 && !this.#pending()) for (const done of [...this.#waiting]) done();
  }

  /** Resolves once nothing is pending, or after `withinMs`. */
  async wait(withinMs: number): Promise<void> {
    if (!this.#pending()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(withinMs, resolve);
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    timer.cancel();
  }
}
