import { invalidField, MusterError } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';
import { type Clock, sleep, systemClock } from '../../../shared/time.ts';
import { checkKey, checkPrefix } from '../key-range.ts';
import {
  type Committed,
  CompactedError,
  type Entry,
  type Lease,
  type ListOptions,
  type Operation,
  type Page,
  type Store,
  type Transaction,
  type WatchBatch,
} from '../store.ts';
import { checkListOptions, checkTransaction } from '../transaction-rules.ts';
import { EmbeddedLease } from './embedded-lease.ts';
import type {
  Request,
  WireChanges,
  WireCommitted,
  WireCompacted,
  WireEntry,
  WireOperation,
  WirePage,
} from './protocol.ts';
import { Watchers } from './watchers.ts';
import { WorkerCalls } from './worker-calls.ts';

export interface EmbeddedStoreOptions {
  /** Folder of the database; made where it is missing. */
  readonly path: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Revisions that stay readable and watchable, at least; 10,000 by default. */
  readonly historyRevisions?: number;
}

const deadlineMs = 2000;
const watchPage = 1000;
const watchRetryMs = 100;

/** The store of a single replica: one SQLite database in a worker thread, on disk when a commit resolves. */
export class EmbeddedStore implements Store {
  readonly driver = 'embedded';
  /** Nobody changes the files under a process that holds them. */
  readonly life = 0;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #watchers = new Watchers();
  readonly #leases = new Set<EmbeddedLease>();
  #calls!: WorkerCalls;
  #lastLease = 0;
  #closing: Promise<void> | undefined;

  private constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Rejects with STORE_UNAVAILABLE where another process has it open, or the folder can't be written. */
  static async open({ path, log, clock = systemClock, historyRevisions = 10_000 }: EmbeddedStoreOptions) {
    const store = new EmbeddedStore(log, clock);
    const { calls, revision, voided } = await WorkerCalls.start({
      data: { path, historyRevisions },
      clock,
      deadlineMs,
      onChanges: (changes) => store.#watchers.hear(changes),
      onCrash: (error) => store.#crashed(error),
    });
    store.#calls = calls;
    log.info({ 'store.path': path, 'store.revision': revision, 'store.voided': voided }, 'embedded store open');
    return store;
  }

  async get(key: string): Promise<Entry | undefined> {
    checkKey(key);
    return fromWire(await this.#ask<WireEntry | undefined>({ kind: 'get', key }));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    checkPrefix(prefix);
    checkListOptions(options);
    const page = await this.#ask<WirePage | WireCompacted>({ kind: 'list', prefix, options });
    if ('compacted' in page) throw new CompactedError(page.compacted);
    return { ...page, entries: page.entries.map((entry) => fromWire(entry)) };
  }

  async commit(transaction: Transaction): Promise<Committed> {
    checkTransaction(transaction);
    const { if: compares = [], then, otherwise = [], get = [] } = transaction;
    const committed = await this.#ask<WireCommitted>({
      kind: 'commit',
      transaction: {
        if: compares.map((compare) => ('value' in compare ? { ...compare, value: detached(compare.value) } : compare)),
        then: then.map((operation) => this.#toWire(operation)),
        otherwise: otherwise.map((operation) => this.#toWire(operation)),
        get,
      },
    });
    return { ...committed, entries: committed.entries.map((entry) => fromWire(entry)) };
  }

  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncGenerator<WatchBatch, void, undefined> {
    checkPrefix(prefix);
    const watcher = this.#watchers.add(prefix);
    const aborted = (): void => watcher.end();
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted || this.#closing !== undefined) watcher.end();
    try {
      let from = fromRevision;
      while (true) {
        await watcher.heard();
        if (watcher.ended) return;
        from = Math.max(from, watcher.quietUpTo + 1);
        const changes = await this.#changes(prefix, from);
        if (changes === undefined) {
          watcher.ring();
          continue;
        }
        from = changes.revision + 1;
        if (changes.more) watcher.ring();
        if (watcher.ended) return;
        if (changes.events.length > 0) yield toBatch(changes);
      }
    } finally {
      signal.removeEventListener('abort', aborted);
      this.#watchers.remove(watcher);
    }
  }

  async lease(termMs: number): Promise<Lease> {
    if (!(termMs >= 1)) throw invalidField('termMs', `must be at least 1, not ${termMs}`);
    const sentMs = this.#clock.monotonic();
    await this.revision();
    if (this.#closing !== undefined) throw closed();
    this.#lastLease++;
    const lease = new EmbeddedLease({
      id: this.#lastLease,
      termMs,
      sentMs,
      clock: this.#clock,
      renew: () => this.#calls.ask({ kind: 'revision' }),
      revoke: (id) => this.#calls.ask({ kind: 'revoke', lease: id }),
      onLost: (lost) => this.#leases.delete(lost),
    });
    this.#leases.add(lease);
    return lease;
  }

  revision(): Promise<number> {
    return this.#ask<number>({ kind: 'revision' });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #ask<Value>(request: Request): Promise<Value> {
    return this.#closing === undefined ? this.#calls.ask<Value>(request) : Promise.reject(closed());
  }

  async #close(): Promise<void> {
    this.#watchers.endAll();
    await Promise.all([...this.#leases].map((lease) => lease.close()));
    await this.#calls.close();
  }

  /** Undefined where the worker was too slow: the watch asks again. */
  async #changes(prefix: string, from: number): Promise<WireChanges | undefined> {
    try {
      const changes = await this.#calls.ask<WireChanges | WireCompacted>({
        kind: 'changes',
        prefix,
        from,
        limit: watchPage,
      });
      if ('compacted' in changes) throw new CompactedError(changes.compacted);
      return changes;
    } catch (error) {
      if (!(error instanceof MusterError) || error.reason !== 'STORE_UNAVAILABLE') throw error;
      if (this.#closing !== undefined) return undefined;
      this.#log.warn({ err: error }, 'a watch of the embedded store waits');
      await sleep(watchRetryMs);
      return undefined;
    }
  }

  #toWire(operation: Operation): WireOperation {
    if (!('put' in operation)) return operation;
    const { put, lease } = operation;
    const value = detached(operation.value);
    if (lease === undefined) return { put, value };
    if (!(lease instanceof EmbeddedLease)) throw invalidField('lease', 'was not granted by this store');
    if (!this.#leases.has(lease))
      throw new MusterError('CONFLICT', `the lease is gone: ${lease.over ?? 'of another store'}`);
    return { put, value, lease: lease.id };
  }

  #crashed(error: Error): void {
    this.#log.error({ err: error }, 'the embedded store is gone');
    this.#closing ??= Promise.resolve();
    this.#watchers.endAll();
    for (const lease of this.#leases) void lease.end('the store is gone');
  }
}

const closed = (): MusterError => new MusterError('STORE_UNAVAILABLE', 'the store is closed');

// A message clones a view's whole buffer, which for a pooled Buffer is much that is not ours.
const detached = (value: Buffer): Uint8Array =>
  value.length === value.buffer.byteLength ? value : new Uint8Array(value);

function fromWire(entry: WireEntry): Entry;
function fromWire(entry: WireEntry | undefined): Entry | undefined;
function fromWire(entry: WireEntry | undefined): Entry | undefined {
  if (entry === undefined) return undefined;
  const { value } = entry;
  return { ...entry, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
}

function toBatch({ events, revision }: WireChanges): WatchBatch {
  return {
    revision,
    events: events.map((event) => (event.type === 'put' ? { type: 'put', entry: fromWire(event.entry) } : event)),
  };
}
