import type { ExecutionEvent } from '../../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { PeerLink } from '../../peers/peer-link.ts';

/** A result within its bounds is some 15 KiB at most. */
const eventsAFrame = 64;

/** Events of agents on their way over one link: those of one tick share frames, and no more is handed over than the link can send. */
export class EventLane {
  readonly #link: PeerLink;
  #waiting: ExecutionEvent[] = [];
  #sending = false;

  constructor(options: { link: PeerLink }) {
    this.#link = options.link;
  }

  push(event: ExecutionEvent): void {
    this.#waiting.push(event);
    if (!this.#sending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#sending = true;
    try {
      await Promise.resolve();
      while (this.#waiting.length > 0 && this.#link.live) {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (let from = 0; from < waiting.length && this.#link.live; from += eventsAFrame) {
          this.#link.send({ events: { events: waiting.slice(from, from + eventsAFrame) } });
          await this.#link.drained();
        }
      }
    } catch {
      // The link is down: whoever opens the job next asks the agents.
      this.#waiting = [];
    } finally {
      this.#sending = false;
    }
  }
}
