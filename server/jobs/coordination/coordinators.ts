import type { JobId } from '../../../shared/ids.ts';
import type { Log } from '../../../shared/log.ts';
import { keys, parseJobOf } from '../../store/keys.ts';
import type { Entry, Store } from '../../store/store.ts';
import { values } from '../../store/values.ts';
import { FollowedKeys } from './followed-keys.ts';

export interface Coordinator {
  readonly replica: string;
  /** Of the process that claimed it. */
  readonly claim: string;
  readonly createRevision: number;
}

/**
 * Which jobs are open and who drives them, as the store's watches tell: a moment behind it, and never for good, for the store is asked
 * besides, now and then.
 */
export class Coordinators {
  readonly #log: Log;
  readonly #open = new Set<JobId>();
  readonly #coordinators = new Map<JobId, Coordinator>();
  readonly #listeners = new Set<(job: JobId) => void>();
  readonly #followed: readonly FollowedKeys[];

  /** `recheckMs`: how often the store is asked whether the watches have told everything. */
  constructor(options: { store: Store; log: Log; recheckMs?: number }) {
    const { log, ...rest } = options;
    this.#log = log;
    const open = {
      put: ({ key }: Entry) => this.#opened(key),
      deleted: (key: string) => this.#closed(parseJobOf(key)),
    };
    const coordinators = {
      put: (entry: Entry) => this.#claimed(entry),
      deleted: (key: string) => this.#left(parseJobOf(key)),
    };
    // Whoever drives a job is known before it is known to be open: no job looks orphaned for the order of the listings.
    this.#followed = [
      new FollowedKeys({ ...rest, log, prefix: keys.coordinatorPrefix, sink: coordinators }),
      new FollowedKeys({ ...rest, log, prefix: keys.openPrefix, sink: open }),
    ];
  }

  /** Resolves when all there is is known. */
  async start(): Promise<void> {
    for (const followed of this.#followed) await followed.start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#followed.map((followed) => followed.close()));
  }

  of(job: JobId): Coordinator | undefined {
    return this.#coordinators.get(job);
  }

  isOpen(job: JobId): boolean {
    return this.#open.has(job);
  }

  /** Every open job. */
  open(): Iterable<JobId> {
    return this.#open;
  }

  /** Calls `listener` for every job that opened, closed or changed its coordinator, until the returned function is called. */
  subscribe(listener: (job: JobId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #opened(key: string): void {
    const job = parseJobOf(key);
    if (job === undefined || this.#open.has(job)) return;
    this.#open.add(job);
    this.#tell(job);
  }

  #closed(job: JobId | undefined): void {
    if (job !== undefined && this.#open.delete(job)) this.#tell(job);
  }

  #claimed({ key, value, createRevision }: Entry): void {
    const job = parseJobOf(key);
    if (job === undefined) return;
    try {
      const { replica, claim } = values.coordinator.decode(value);
      this.#coordinators.set(job, { replica, claim, createRevision });
      this.#tell(job);
    } catch (error) {
      this.#log.error({ err: error, 'store.key': key }, 'a record of the store can not be read');
    }
  }

  #left(job: JobId | undefined): void {
    if (job !== undefined && this.#coordinators.delete(job)) this.#tell(job);
  }

  #tell(job: JobId): void {
    for (const listener of this.#listeners) listener(job);
  }
}
