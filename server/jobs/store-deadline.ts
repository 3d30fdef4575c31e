import { MusterError } from '../../shared/errors.ts';
import type { Clock, Timer } from '../../shared/time.ts';

/** Under the 2 s within which a call is refused where the store is away. */
const withinMs = 1800;

/** One bound on all that one call asks of the store, step after step: each has a deadline of its own, which add up. */
export class StoreDeadline {
  readonly #clock: Clock;
  readonly #passed = Promise.withResolvers<never>();
  #timer: Timer;
  #failure: MusterError | undefined;

  constructor(options: { clock: Clock }) {
    this.#clock = options.clock;
    // Nobody may be waiting any more.
    this.#passed.promise.catch(() => {});
    this.#timer = this.#begin();
  }

  /** What the work does; STORE_UNAVAILABLE when the deadline passes before. The work then ends at its next `check`. */
  async bound<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await Promise.race([work, this.#passed.promise]);
    } finally {
      this.#timer.cancel();
    }
  }

  /** Before each step: throws where the deadline has passed. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** The store has taken a part of something large: the deadline begins anew. */
  renew(): void {
    this.check();
    this.#timer.cancel();
    this.#timer = this.#begin();
  }

  #begin(): Timer {
    return this.#clock.after(withinMs, () => {
      const message = 'the store does not answer; submit it again as it is: an order that did get there runs only once';
      this.#failure = new MusterError('STORE_UNAVAILABLE', message);
      this.#passed.reject(this.#failure);
    });
  }
}
