import type { Log } from '../../shared/log.ts';
import { type Clock, fullJitterMs, sleep } from '../../shared/time.ts';
import type { Lease, Store } from './store.ts';

const retryBaseMs = 200;
const retryCapMs = 2000;

/**
 * The lease that everything a replica claims hangs on. A lost one is granted anew by itself; `regranted` then claims again.
 * A lease is not a lock: past two thirds of its term without an answered renewal the replica is fenced, whatever the store says.
 */
export class ReplicaLease {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #termMs: number;
  readonly #regranted: () => Promise<void>;
  readonly #abort = new AbortController();
  #lease: Lease;

  private constructor(options: ReplicaLeaseOptions, lease: Lease) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#termMs = options.termMs;
    this.#regranted = options.regranted;
    this.#lease = lease;
    this.#follow(lease);
  }

  static async grant(options: ReplicaLeaseOptions): Promise<ReplicaLease> {
    return new ReplicaLease(options, await options.store.lease(options.termMs));
  }

  get current(): Lease {
    return this.#lease;
  }

  /** No Start, no store write, no outcome made by the server while this holds. */
  get fenced(): boolean {
    return this.#clock.monotonic() > this.#lease.deadlineMonotonicMs;
  }

  /** Revokes it: everything claimed under it goes at once. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the replica stops'));
    await this.#lease.close();
  }

  #follow(lease: Lease): void {
    void lease.lost.then((reason) => {
      if (this.#abort.signal.aborted) return;
      this.#log.warn({ reason }, 'the lease is lost; asking for another');
      void this.#regrant();
    });
  }

  async #regrant(): Promise<void> {
    for (let attempt = 0; !this.#abort.signal.aborted; attempt += 1) {
      try {
        const lease = await this.#store.lease(this.#termMs);
        this.#lease = lease;
        try {
          await this.#regranted();
        } catch (error) {
          // Whoever claimed under it must not stay claimed while the next one is asked for.
          await lease.close();
          throw error;
        }
        this.#follow(lease);
        return;
      } catch (error) {
        this.#log.warn({ err: error }, 'no new lease yet');
        await sleep(fullJitterMs(attempt, retryBaseMs, retryCapMs), this.#abort.signal).catch(() => {});
      }
    }
  }
}

export interface ReplicaLeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly termMs: number;
  /** Claims again what the replica still holds; its failure asks for another lease. */
  readonly regranted: () => Promise<void>;
}
