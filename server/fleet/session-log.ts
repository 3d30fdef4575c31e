import type { Log } from '../../shared/log.ts';
import type { Clock, Timer } from '../../shared/time.ts';

const everyMs = 1000;
/** A line is a write to standard error, 40 µs of the event loop: five thousand at once would stop it for a fifth of a second. */
const linesEvery = 100;

/** Says of sessions that they opened and closed: a line each, or, where thousands come and go at once, how many more there were. */
export class SessionLog {
  readonly #log: Log;
  readonly #clock: Clock;
  #said = 0;
  #unsaid = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(options: { log: Log; clock: Clock }) {
    this.#log = options.log;
    this.#clock = options.clock;
  }

  say(message: string, fields: () => Record<string, unknown>): void {
    this.#timer ??= this.#clock.after(everyMs, () => this.#sum());
    if (this.#said < linesEvery) {
      this.#said += 1;
      this.#log.info(fields(), message);
    } else this.#unsaid.set(message, (this.#unsaid.get(message) ?? 0) + 1);
  }

  #sum(): void {
    this.#timer = undefined;
    this.#said = 0;
    for (const [message, count] of this.#unsaid)
      this.#log.info({ count }, `${message}, and so many more in this second`);
    this.#unsaid.clear();
  }
}
