import type { WireEntry, WireEvent } from './protocol.ts';

/** Changes that one revision may hold. */
export const width = 2 ** 20;

/** A row of `versions`. */
export interface Row {
  readonly id: number;
  readonly key: string;
  readonly created: number;
  readonly deleted: number;
  readonly value: Uint8Array | null;
}

export const revisionOf = (id: number): number => Math.floor(id / width);

export function toEntry(row: Row): WireEntry {
  const value = row.value ?? new Uint8Array(0);
  return { key: row.key, value, createRevision: row.created, modRevision: revisionOf(row.id) };
}

export function toEvent(row: Row): WireEvent {
  if (row.deleted === 1) return { type: 'delete', key: row.key, modRevision: revisionOf(row.id) };
  return { type: 'put', entry: toEntry(row) };
}
