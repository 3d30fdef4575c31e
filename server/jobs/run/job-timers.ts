import type { Clock, Timer } from '../../../shared/time.ts';

/** The timers of one run: none of them fires once it is over. */
export class JobTimers {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #over = false;

  constructor(options: { clock: Clock }) {
    this.#clock = options.clock;
  }

  /** A time that has passed is at once, though not now. */
  after(ms: number, action: () => void): void {
    if (this.#over) return;
    const timer = this.#clock.after(Math.max(0, ms), () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }

  end(): void {
    this.#over = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
