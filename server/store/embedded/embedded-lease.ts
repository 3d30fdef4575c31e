import type { Clock, Timer } from '../../../shared/time.ts';
import type { Lease } from '../store.ts';

export interface EmbeddedLeaseOptions {
  readonly id: number;
  readonly termMs: number;
  /** When the grant was sent. */
  readonly sentMs: number;
  readonly clock: Clock;
  /** A round trip to the database: a lease is only as alive as what it is written in. */
  readonly renew: () => Promise<unknown>;
  /** Deletes the lease's keys. */
  readonly revoke: (id: number) => Promise<unknown>;
  readonly onLost: (lease: EmbeddedLease) => void;
}

/**
 * A lease inside the one process there is. Its clock is the monotonic one: after a freeze longer than the term it has
 * expired, like any other, and its keys go.
 */
export class EmbeddedLease implements Lease {
  readonly id: number;
  readonly termMs: number;
  readonly lost: Promise<string>;
  deadlineMonotonicMs: number;
  /** Why it is gone, once it is. */
  over: string | undefined;
  readonly #options: EmbeddedLeaseOptions;
  #renewedMs: number;
  #resolveLost!: (reason: string) => void;
  #timer: Timer;

  constructor(options: EmbeddedLeaseOptions) {
    this.#options = options;
    this.id = options.id;
    this.termMs = options.termMs;
    this.#renewedMs = options.sentMs;
    this.deadlineMonotonicMs = options.sentMs + (options.termMs * 2) / 3;
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    this.#timer = this.#armed();
  }

  async close(): Promise<void> {
    await this.end('closed');
  }

  /** Ends it with a reason; its keys are gone when this resolves, unless the store is away. Never rejects. */
  async end(reason: string): Promise<void> {
    if (this.over !== undefined) return;
    this.over = reason;
    this.#timer.cancel();
    this.#options.onLost(this);
    await this.#options.revoke(this.id).catch(() => undefined);
    this.#resolveLost(reason);
  }

  #armed(): Timer {
    return this.#options.clock.after(this.termMs / 4, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    const sentMs = this.#options.clock.monotonic();
    if (sentMs >= this.#renewedMs + this.termMs) return this.end(`expired: not renewed within ${this.termMs} ms`);
    this.#timer = this.#armed();
    try {
      await this.#options.renew();
    } catch {
      return;
    }
    if (this.over !== undefined) return;
    this.#renewedMs = sentMs;
    this.deadlineMonotonicMs = sentMs + (this.termMs * 2) / 3;
  }
}
