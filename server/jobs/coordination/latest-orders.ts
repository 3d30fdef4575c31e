import type { JobId } from '../../../shared/ids.ts';
import type { Log } from '../../../shared/log.ts';
import { keys, parseLatest } from '../../store/keys.ts';
import type { Entry, Store } from '../../store/store.ts';
import { FollowedKeys } from './followed-keys.ts';

/** A job of a latest-wins key; the greater the revision, the newer. */
export interface LatestOrder {
  readonly job: JobId;
  readonly revision: number;
}

/** The jobs of every latest-wins key, as the store's watch tells: the newest of a key is the one whose key was written last. */
export class LatestOrders {
  readonly #store: Store;
  /** By the prefix of the key. */
  readonly #orders = new Map<string, Map<JobId, number>>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #followed: FollowedKeys;

  constructor(options: { store: Store; log: Log }) {
    const { store, log } = options;
    this.#store = store;
    const sink = {
      put: (entry: Entry) => this.#put(entry),
      deleted: (key: string) => this.#delete(key),
    };
    this.#followed = new FollowedKeys({ store, log, prefix: keys.allLatestPrefix, sink });
  }

  async start(): Promise<void> {
    await this.#followed.start();
  }

  async close(): Promise<void> {
    await this.#followed.close();
  }

  /** Reads from the store, so that none is missed, which jobs of the key are newer than the job; all, where it has no key there. */
  async newerThan(latestKey: string, job: JobId): Promise<LatestOrder[]> {
    const orders: LatestOrder[] = [];
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await this.#store.list(keys.latestPrefix(latestKey), after ? { after } : {});
      for (const { key, createRevision } of page.entries) {
        const id = parseLatest(key);
        if (id !== undefined) orders.push({ job: id, revision: createRevision });
      }
      after = page.entries.at(-1)?.key;
      more = page.more;
    }
    const own = orders.find((order) => order.job === job)?.revision ?? 0;
    return orders.filter(({ revision }) => revision > own);
  }

  /** Calls `listener` for every job of the key that is newer than `job`, once, until the returned function is called. */
  follow(latestKey: string, job: JobId, listener: (order: LatestOrder) => void): () => void {
    const prefix = keys.latestPrefix(latestKey);
    const told = new Set<JobId>([job]);
    const tell = (): void => {
      const orders = this.#orders.get(prefix);
      const own = orders?.get(job);
      // The watch tells of a key's jobs in the order in which they came: before it has told of this one there is none to tell of.
      if (orders === undefined || own === undefined) return;
      for (const [other, revision] of orders) {
        if (revision <= own || told.has(other)) continue;
        told.add(other);
        listener({ job: other, revision });
      }
    };
    const listeners = this.#listeners.get(prefix) ?? new Set();
    this.#listeners.set(prefix, listeners.add(tell));
    tell();
    return () => {
      listeners.delete(tell);
      if (listeners.size === 0 && this.#listeners.get(prefix) === listeners) this.#listeners.delete(prefix);
    };
  }

  /** This replica has submitted a job of the key: nobody here needs to wait until the watch tells. */
  submitted(latestKey: string, { job, revision }: LatestOrder): void {
    if (latestKey !== '') this.#add(keys.latestPrefix(latestKey), job, revision);
  }

  /** An older job of the same key is open: whoever drives it must still be able to see this one. */
  hasOlder(latestKey: string, job: JobId): boolean {
    const orders = this.#orders.get(keys.latestPrefix(latestKey));
    const own = orders?.get(job) ?? 0;
    return [...(orders ?? [])].some(([, revision]) => revision < own);
  }

  #put({ key, createRevision }: Entry): void {
    const job = parseLatest(key);
    if (job === undefined) return;
    this.#add(key.slice(0, -job.length), job, createRevision);
  }

  #add(prefix: string, job: JobId, revision: number): void {
    const orders = this.#orders.get(prefix) ?? new Map<JobId, number>();
    this.#orders.set(prefix, orders.set(job, revision));
    for (const tell of this.#listeners.get(prefix) ?? []) tell();
  }

  #delete(key: string): void {
    const job = parseLatest(key);
    if (job === undefined) return;
    const prefix = key.slice(0, -job.length);
    const orders = this.#orders.get(prefix);
    orders?.delete(job);
    if (orders?.size === 0) this.#orders.delete(prefix);
  }
}
