import type { Lease, ListOptions, Store, Transaction, WatchBatch } from '../../../server/store/store.ts';
import { CompactedError } from '../../../server/store/store.ts';
import { MusterError } from '../../../shared/errors.ts';

/** A real store whose watches, or all of it, can be cut off for a while. */
export class CuttableStore implements Store {
  readonly #store: Store;
  readonly #leases = new Set<Lease>();
  readonly #mended = new Set<() => void>();
  /** Nothing is heard of changes; what happened meanwhile comes after `mend`. */
  watchesCut = false;
  /** Every call rejects. */
  away = false;
  /** The first transaction of which it is true is carried out; then, after `lostAfter`, its caller hears that the store is away. */
  loseNext: ((transaction: Transaction) => boolean) | undefined;
  lostAfter: () => Promise<void> = async () => {};
  /** A watch ends as if its history had been compacted away, once each. */
  readonly #compactions = new Set<AbortController>();

  constructor(store: Store) {
    this.#store = store;
  }

  get driver(): string {
    return this.#store.driver;
  }

  get life(): number {
    return this.#store.life;
  }

  mend(): void {
    this.watchesCut = false;
    this.away = false;
    for (const go of [...this.#mended]) go();
  }

  /** Every watch of now throws CompactedError. */
  compactWatches(): void {
    for (const watch of [...this.#compactions]) watch.abort(new CompactedError(1));
  }

  async get(key: string) {
    this.#check();
    return await this.#store.get(key);
  }

  async list(prefix: string, options?: ListOptions) {
    this.#check();
    return await this.#store.list(prefix, options);
  }

  async commit(transaction: Transaction) {
    this.#check();
    const lost = this.loseNext?.(transaction) === true;
    if (lost) this.loseNext = undefined;
    const committed = await this.#store.commit(transaction);
    if (lost) {
      await this.lostAfter();
      throw unavailable();
    }
    return committed;
  }

  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    const compaction = new AbortController();
    this.#compactions.add(compaction);
    try {
      const either = AbortSignal.any([signal, compaction.signal]);
      for await (const batch of this.#store.watch(prefix, fromRevision, either)) {
        while (this.watchesCut && !either.aborted) await this.#untilMended(either);
        if (either.aborted) break;
        yield batch;
      }
      if (compaction.signal.aborted) throw compaction.signal.reason;
    } finally {
      this.#compactions.delete(compaction);
    }
  }

  async lease(termMs: number) {
    this.#check();
    const lease = await this.#store.lease(termMs);
    this.#leases.add(lease);
    return lease;
  }

  /** As after a freeze: all that hung on them goes at once. */
  loseLeases(): void {
    for (const lease of this.#leases) void lease.close();
    this.#leases.clear();
  }

  async revision() {
    this.#check();
    return await this.#store.revision();
  }

  async close() {
    await this.#store.close();
  }

  #untilMended(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#mended.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#mended.add(go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  #check(): void {
    if (this.away) throw unavailable();
  }
}

const unavailable = (): MusterError => new MusterError('STORE_UNAVAILABLE', 'the store is away');
