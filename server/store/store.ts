/** Keys are printable ASCII without spaces, at most 1,024 characters, sorted bytewise; values are bytes. */
export interface Entry {
  readonly key: string;
  readonly value: Buffer;
  /** Revision of the write that created the key. */
  readonly createRevision: number;
  /** Revision of its last write. */
  readonly modRevision: number;
}

/** A condition of a transaction. An absent key has revisions 0 and equals no value. */
export type Compare =
  | { readonly key: string; readonly exists: boolean }
  | { readonly key: string; readonly createRevision: number }
  | { readonly key: string; readonly modRevision: number }
  | { readonly key: string; readonly value: Buffer };

/** A put under a lease that is gone rejects with CONFLICT. A branch may not write one key twice. */
export type Operation =
  | { readonly put: string; readonly value: Buffer; readonly lease?: Lease }
  | { readonly delete: string }
  | { readonly deletePrefix: string };

/**
 * If every compare holds, `then` happens as one revision, otherwise `otherwise`. Compares, operations of both branches and
 * gets are at most 100 together, keys and values at most 1,400,000 bytes; more rejects with INVALID_FIELD.
 */
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

/** May hold fewer than were asked for though more follow, where values are large: go by `more`. */
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
  /** Read the store as it was at this revision (so that the pages of one listing agree); `CompactedError` where it is gone. */
  readonly revision?: number;
  /** From the last key down; `after` then means before. On etcd it costs a read of everything under the prefix. */
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
  /**
   * How often the store was found to be older than it had been before: wiped, or restored from a backup. Its watches then throw
   * `CompactedError`, its leases are lost.
   */
  readonly life: number;
  get(key: string): Promise<Entry | undefined>;
  /** One page of the keys under `prefix`, in key order. */
  list(prefix: string, options?: ListOptions): Promise<Page>;
  /** A transaction whose outcome is unknown rejects too: write transactions that may be repeated. */
  commit(transaction: Transaction): Promise<Committed>;
  /**
   * All changes under `prefix` from `fromRevision` on (inclusive), none lost, none twice, resumed across cuts and restarts
   * of the store. Throws `CompactedError` where the revision is compacted away: list again, compare, watch on.
   * Returning from the iteration ends the watch; so do the signal and `close`, after which the iteration is done.
   */
  watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch>;
  lease(termMs: number): Promise<Lease>;
  /** The store's revision now: a cheap sign of life. */
  revision(): Promise<number>;
  /** Ends watches and leases (which are revoked) and lets go of everything. */
  close(): Promise<void>;
}

/** The revision asked for is no longer in the store's history, or was never reached by the store that is there now. */
export class CompactedError extends Error {
  /** A watch from before this revision is bound to fail. */
  readonly compactRevision: number;

  constructor(compactRevision: number) {
    super(`the store's history does not hold the revision asked for (it begins at ${compactRevision} or later)`);
    this.name = 'CompactedError';
    this.compactRevision = compactRevision;
  }
}
