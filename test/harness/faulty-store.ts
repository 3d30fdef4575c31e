import type { Lease, ListOptions, Store, Transaction } from '../../server/store/store.ts';
import { MusterError } from '../../shared/errors.ts';

/** `reject`: nothing happens, and that is said. `lose`: it happens, and nobody says so. */
export type Fault = 'reject' | 'lose' | undefined;

const unavailable = (): MusterError => new MusterError('STORE_UNAVAILABLE', 'the store is away');

/** A real store that fails as the test says. */
export class FaultyStore implements Store {
  readonly driver = 'embedded';
  life = 0;
  readonly #store: Store;
  down = false;
  /** Asked before every commit. */
  fault: (transaction: Transaction) => Fault = () => undefined;
  /** What was written. */
  readonly commits: Transaction[] = [];
  readonly leases: Lease[] = [];
  /** No renewal was answered for so long that nothing of the lease may be relied on. */
  fenced = false;

  constructor(store: Store) {
    this.#store = store;
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
    const fault = this.fault(transaction);
    if (fault === 'reject') throw unavailable();
    const committed = await this.#store.commit(transaction);
    if (fault === 'lose') throw unavailable();
    if (committed.succeeded && transaction.then.length > 0) this.commits.push(transaction);
    return committed;
  }

  watch(prefix: string, fromRevision: number, signal: AbortSignal) {
    return this.#store.watch(prefix, fromRevision, signal);
  }

  async lease(termMs: number) {
    this.#check();
    const lease = await this.#store.lease(termMs);
    this.leases.push(lease);
    let deadlineMs = lease.deadlineMonotonicMs;
    Object.defineProperty(lease, 'deadlineMonotonicMs', {
      get: () => (this.fenced ? 0 : deadlineMs),
      set: (renewedMs: number) => {
        deadlineMs = renewedMs;
      },
    });
    return lease;
  }

  async revision() {
    this.#check();
    return await this.#store.revision();
  }

  async close() {
    await this.#store.close();
  }

  #check(): void {
    if (this.down) throw unavailable();
  }
}

/** The transaction puts a key that begins so. */
export const puts = (transaction: Transaction, prefix: string | RegExp): boolean =>
  transaction.then.some((operation) => {
    if (!('put' in operation)) return false;
    return typeof prefix === 'string' ? operation.put.startsWith(prefix) : prefix.test(operation.put);
  });
