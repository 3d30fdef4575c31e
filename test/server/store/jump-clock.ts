import { type Clock, systemClock, type Timer } from '../../../shared/time.ts';

interface Due {
  readonly atMs: number;
  readonly fire: () => void;
}

/** The real clocks, which a test can set forward; timers that are then due fire, late, as after a freeze. */
export class JumpClock implements Clock {
  #aheadMs = 0;
  readonly #due = new Set<Due>();

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#aheadMs;
  }

  after(ms: number, action: () => void): Timer {
    const fire = (): void => {
      timer.cancel();
      if (this.#due.delete(due)) action();
    };
    const due: Due = { atMs: this.monotonic() + ms, fire };
    const timer = systemClock.after(ms, fire);
    this.#due.add(due);
    return {
      cancel: () => {
        timer.cancel();
        this.#due.delete(due);
      },
    };
  }

  jump(ms: number): void {
    this.#aheadMs += ms;
    for (const due of [...this.#due]) if (due.atMs <= this.monotonic()) due.fire();
  }
}
