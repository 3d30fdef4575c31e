import type { Log } from '../../shared/log.ts';
import { type Clock, fullJitterMs, sleep } from '../../shared/time.ts';
import type { Lease, Store } from './store.ts';

const retryBaseMs = 200;
const retryCapMs = 2000;

export interface KeptLeaseOptions {
  /** For the log: `main`, or `presence 2`. */
  readonly name: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly termMs: number;
  /** Claims again what hung on the lost one; its failure asks for another lease. */
  readonly regranted: () => Promise<void>;
}

/** One lease of a replica: a lost one is granted anew by itself, then `regranted` claims again. */
export class KeptLease {
  readonly #options: KeptLeaseOptions;
  readonly #abort = new AbortController();
  #lease: Lease;
  /** What hung on a lost lease may be another's until it is claimed again. */
  #claimed = true;

  private constructor(options: KeptLeaseOptions, lease: Lease) {
    this.#options = options;
    this.#lease = lease;
    this.#follow(lease);
  }

  static async grant(options: KeptLeaseOptions): Promise<KeptLease> {
    return new KeptLease(options, await options.store.lease(options.termMs));
  }

  /** What claims are made under, also those of a re-grant that is still going on. */
  get current(): Lease {
    return this.#lease;
  }

  /** Nothing may be relied on that hangs on it: past its own deadline, or lost and not all of it claimed again yet. */
  get fenced(): boolean {
    return !this.#claimed || this.#options.clock.monotonic() > this.#lease.deadlineMonotonicMs;
  }

  /** Since the last renewal that was answered was sent, or since the grant. */
  get ageMs(): number {
    const renewedMs = this.#lease.deadlineMonotonicMs - (this.#lease.termMs * 2) / 3;
    return Math.max(0, this.#options.clock.monotonic() - renewedMs);
  }

  /** Revokes it: everything claimed under it goes at once. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the replica stops'));
    await this.#lease.close();
  }

  #follow(lease: Lease): void {
    void lease.lost.then((reason) => {
      this.#claimed = false;
      if (this.#abort.signal.aborted) return;
      const { log, name } = this.#options;
      log.warn({ 'lease.name': name, reason }, 'a lease is lost; asking for another');
      void this.#regrant();
    });
  }

  async #regrant(): Promise<void> {
    const { store, termMs, regranted, log, name } = this.#options;
    const { signal } = this.#abort;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        const lease = await store.lease(termMs);
        this.#lease = lease;
        try {
          signal.throwIfAborted();
          await regranted();
          signal.throwIfAborted();
        } catch (error) {
          // Whoever claimed under it must not stay claimed while the next one is asked for.
          await lease.close();
          throw error;
        }
        this.#claimed = true;
        this.#follow(lease);
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, 'lease.name': name }, 'no new lease yet');
        await sleep(fullJitterMs(attempt, retryBaseMs, retryCapMs), signal).catch(() => {});
      }
    }
  }
}
