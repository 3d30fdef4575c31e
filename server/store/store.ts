/** Keys are text under the store's prefix, sorted bytewise; values are bytes. */
export interface Entry {
  readonly key: string;
  readonly value: Buffer;
  /** Revision of the write that created the key. */
  readonly createRevision: number;
  /** Revision of its last write. */
  readonly modRevision: number;
}

/** A condition of a transaction. */
export type Compare =
  | { readonly key: string; readonly exists: boolean }
  | { readonly key: string; readonly createRevision: number }
  | { readonly key: string; readonly modRevision: number }
  | { readonly key: string; readonly value: Buffer };

export type Operation =
  | { readonly put: string; readonly value: Buffer; readonly lease?: Lease }
  | { readonly delete: string }
  | { readonly deletePrefix: string };

/** If every compare holds, `then` happens as one revision, otherwise `otherwise`; at most 100 of all three together. */
export interface Transaction {
  readonly if?: readonly Compare[];
  readonly then: readonly Operation[];
  readonly otherwise?: readonly Operation[];
  /** Read in the same transaction, whichever branch is taken. */
  readonly get?: readonly string[];
}

export interface Committed {
  /** The compares held. */
  readonly succeeded: boolean;
  /** The store's revision after the transaction. */
  readonly revision: number;
  /** Entries of `get`, in its order, as they were before the branch was carried out; undefined where a key is absent. */
  readonly entries: readonly (Entry | undefined)[];
}

export interface Page {
  readonly entries: readonly Entry[];
  /** Revision at which the page was read. */
  readonly revision: number;
  /** More keys follow the last entry. */
  readonly more: boolean;
}

export interface ListOptions {
  /** Only keys after this one (exclusive). */
  readonly after?: string;
  /** At most so many, 1 to 10,000; 1,000 by default. */
  readonly limit?: number;
  /** Read the store as it was at this revision (so that the pages of one listing agree). */
  readonly revision?: number;
  /** From the last key down; `after` then means before. */
  readonly descending?: boolean;
}

export type WatchEvent =
  | { readonly type: 'put'; readonly entry: Entry }
  | { readonly type: 'delete'; readonly key: string; readonly modRevision: number };

/** What a watch yields: the events of one or more whole revisions, in order. */
export interface WatchBatch {
  readonly events: readonly WatchEvent[];
  /** Everything up to and including this revision has been delivered. */
  readonly revision: number;
}

/**
 * A lease that is renewed until closed. `deadlineMonotonicMs` is this process's own promise, moved only by a renewal that
 * was answered: two thirds of the term after the renewal was sent. Past it whoever relies on the lease must stop,
 * whatever the store believes.
 */
export interface Lease {
  readonly termMs: number;
  readonly deadlineMonotonicMs: number;
  /** Resolves, never rejects, once the lease is gone for good (expired, revoked or closed), with the reason. */
  readonly lost: Promise<string>;
  /** Revokes it: its keys go at once. Never rejects; where the store is away the lease runs out by itself. */
  close(): Promise<void>;
}

/**
 * The only door to what replicas share. Every method rejects with MusterError STORE_UNAVAILABLE within its deadline (2 s for
 * `get`, `list`, `commit` and `lease`) where the store is away; nothing is retried behind the caller's back.
 */
export interface Store {
  /** `embedded` or `etcd`. */
  readonly driver: string;
  get(key: string): Promise<Entry | undefined>;
  /** One page of the keys under `prefix`, in key order. */
  list(prefix: string, options?: ListOptions): Promise<Page>;
  /** A transaction whose outcome is unknown rejects too: write transactions that may be repeated. */
  commit(transaction: Transaction): Promise<Committed>;
  /**
   * All changes under `prefix` from `fromRevision` on (inclusive), none lost, none twice, resumed across cuts and restarts
   * of the store. Throws `CompactedError` where the revision is compacted away: list again, compare, watch on.
   * Returning from the iteration, or the signal, ends the watch.
   */
  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch>;
  lease(termMs: number): Promise<Lease>;
  /** The store's revision now: a cheap sign of life. */
  revision(): Promise<number>;
  /** Ends watches and leases (which are revoked) and lets go of everything. */
  close(): Promise<void>;
}

/** The watch's revision is no longer in the store's history. */
export class CompactedError extends Error {
  /** The oldest revision that can still be watched from. */
  readonly compactRevision: number;

  constructor(compactRevision: number) {
    super(`the store's history before revision ${compactRevision} is compacted away`);
    this.name = 'CompactedError';
    this.compactRevision = compactRevision;
  }
}
