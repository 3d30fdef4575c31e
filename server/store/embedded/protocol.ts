import type { Compare, ListOptions } from '../store.ts';

/** What the store asks its worker; every request is answered once, in order. */
export type Request =
  | { readonly kind: 'commit'; readonly transaction: WireTransaction }
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'list'; readonly prefix: string; readonly options: ListOptions }
  /** Changes under `prefix` from revision `from` on: whole revisions, about `limit` events. */
  | { readonly kind: 'changes'; readonly prefix: string; readonly from: number; readonly limit: number }
  | { readonly kind: 'revoke'; readonly lease: number }
  | { readonly kind: 'revision' }
  | { readonly kind: 'close' };

/** As `Compare`. */
export type WireCompare =
  | Exclude<Compare, { readonly value: Buffer }>
  | { readonly key: string; readonly value: Uint8Array };

/** As `Operation`, the lease by its number. */
export type WireOperation =
  | { readonly put: string; readonly value: Uint8Array; readonly lease?: number }
  | { readonly delete: string }
  | { readonly deletePrefix: string };

export interface WireTransaction {
  readonly if: readonly WireCompare[];
  readonly then: readonly WireOperation[];
  readonly otherwise: readonly WireOperation[];
  readonly get: readonly string[];
}

export interface WireEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
}

export interface WireCommitted {
  readonly succeeded: boolean;
  readonly revision: number;
  readonly entries: readonly (WireEntry | undefined)[];
}

export interface WirePage {
  readonly entries: readonly WireEntry[];
  readonly revision: number;
  readonly more: boolean;
}

export type WireEvent =
  | { readonly type: 'put'; readonly entry: WireEntry }
  | { readonly type: 'delete'; readonly key: string; readonly modRevision: number };

export interface WireChanges {
  readonly events: readonly WireEvent[];
  /** Everything up to and including this revision is in `events`, or was before `from`. */
  readonly revision: number;
  readonly more: boolean;
}

/** Asked for a revision that is compacted away; `compacted` is the oldest that can still be watched from. */
export interface WireCompacted {
  readonly compacted: number;
}

export type Question = Request & { readonly id: number };

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** Why it failed, for people. */
  readonly error?: string;
}

/** The keys that one revision changed. */
export interface Change {
  readonly revision: number;
  readonly keys: readonly string[];
}

/** What the worker posts: first `ready` or `failed`, then one `answers` a group of requests. */
export type Report =
  | { readonly kind: 'ready'; readonly revision: number; readonly voided: number }
  | { readonly kind: 'failed'; readonly locked: boolean; readonly error: string }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[]; readonly changes: readonly Change[] };
