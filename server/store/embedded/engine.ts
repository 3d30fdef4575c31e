import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { prefixEnd } from '../key-range.ts';
import type { ListOptions } from '../store.ts';
import { defaultPage } from '../transaction-rules.ts';
import type {
  Change,
  WireChanges,
  WireCommitted,
  WireCompacted,
  WireCompare,
  WireEntry,
  WireEvent,
  WireOperation,
  WirePage,
  WireTransaction,
} from './protocol.ts';
import { type Row, revisionOf, toEntry, toEvent, width } from './row.ts';

/** A page ends early once its values exceed this. */
const pageBytes = 8 * 1024 * 1024;
/** Rows that one step of a compaction removes. */
const compactRows = 1000;

/**
 * Revisions over one SQLite table; synchronous, the caller begins and ends SQLite's transactions. `revision` and
 * `compacted` are true of what has been applied: after a rollback call `reload`.
 */
export class Engine {
  /** The store's revision; 1 while it is empty, as etcd's. */
  revision = 1;
  /** Nothing can be watched from this revision or before; it can still be listed at. */
  compacted = 0;
  readonly #database: DatabaseSync;
  readonly #live: StatementSync;
  readonly #end: StatementSync;
  readonly #insert: StatementSync;
  #changes: Change[] = [];

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#live = database.prepare('SELECT * FROM versions WHERE key = ? AND ended IS NULL');
    this.#end = database.prepare('UPDATE versions SET ended = ? WHERE id = ?');
    this.#insert = database.prepare(
      'INSERT INTO versions (id, key, created, ended, deleted, lease, value) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.reload();
  }

  /** Reads again where the store stands. */
  reload(): void {
    const last = this.#database.prepare('SELECT max(id) AS id FROM versions').get() as { id: number | null };
    const meta = this.#database.prepare("SELECT value FROM meta WHERE name = 'compacted'").get() as { value: number };
    this.compacted = meta.value;
    this.revision = Math.max(1, this.compacted, revisionOf(last.id ?? 0));
    this.#changes = [];
  }

  /** What was changed since the last call. */
  takeChanges(): Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  commit(transaction: WireTransaction): WireCommitted {
    const entries = transaction.get.map((key) => this.get(key));
    const succeeded = transaction.if.every((compare) => this.#holds(compare));
    this.#apply(succeeded ? transaction.then : transaction.otherwise);
    return { succeeded, revision: this.revision, entries };
  }

  get(key: string): WireEntry | undefined {
    const row = this.#live.get(key) as Row | undefined;
    return row && toEntry(row);
  }

  list(prefix: string, options: ListOptions): WirePage | WireCompacted {
    const { after, limit = defaultPage, revision = this.revision, descending = false } = options;
    if (revision < this.compacted || revision > this.revision) return { compacted: this.compacted + 1 };
    const from = !descending && after !== undefined && after >= prefix ? after : undefined;
    const below = descending && after !== undefined && after < prefixEnd(prefix) ? after : prefixEnd(prefix);
    const next = (revision + 1) * width;
    const state =
      revision === this.revision ? 'ended IS NULL' : `id < ${next} AND (ended IS NULL OR ended > ${revision})`;
    const rows = this.#database
      .prepare(
        `SELECT * FROM versions WHERE key ${from === undefined ? '>=' : '>'} ? AND key < ? AND deleted = 0 AND ${state}
         ORDER BY key ${descending ? 'DESC' : 'ASC'} LIMIT ?`,
      )
      .iterate(from ?? prefix, below, limit + 1);
    const entries: WireEntry[] = [];
    let bytes = 0;
    for (const row of rows) {
      if (entries.length === limit || bytes > pageBytes) return { entries, revision, more: true };
      const entry = toEntry(row as unknown as Row);
      entries.push(entry);
      bytes += entry.value.length;
    }
    return { entries, revision, more: false };
  }

  changes(prefix: string, from: number, limit: number): WireChanges | WireCompacted {
    // From the future: what was watched before is not what is here now.
    if (from > this.revision + 1 || from <= this.compacted) return { compacted: this.compacted + 1 };
    // Along the history: an index on keys would sort it all before the first row.
    const rows = this.#database
      .prepare('SELECT * FROM versions NOT INDEXED WHERE id >= ? AND key >= ? AND key < ? ORDER BY id')
      .iterate(from * width, prefix, prefixEnd(prefix));
    const events: WireEvent[] = [];
    let bytes = 0;
    let last = 0;
    for (const each of rows) {
      const row = each as unknown as Row;
      const revision = revisionOf(row.id);
      if (revision !== last && (events.length >= limit || bytes > pageBytes))
        return { events, revision: last, more: true };
      last = revision;
      bytes += row.value?.length ?? 0;
      events.push(toEvent(row));
    }
    return { events, revision: this.revision, more: false };
  }

  /** Deletes a lease's keys, as one revision. */
  revoke(lease: number): void {
    this.#deleteRows('lease = ?', lease);
  }

  /** Deletes the keys of every lease, as one revision; how many there were. */
  revokeAll(): number {
    return this.#deleteRows('lease IS NOT NULL');
  }

  /** Forgets some history up to and including `revision`; true while more is left to remove. */
  compact(revision: number): boolean {
    this.compacted = Math.max(this.compacted, revision);
    this.#database.prepare("UPDATE meta SET value = ? WHERE name = 'compacted'").run(this.compacted);
    const removed = this.#database
      .prepare('DELETE FROM versions WHERE id IN (SELECT id FROM versions WHERE ended <= ? ORDER BY ended LIMIT ?)')
      .run(this.compacted, compactRows);
    return Number(removed.changes) === compactRows;
  }

  #holds(compare: WireCompare): boolean {
    const row = this.#live.get(compare.key) as Row | undefined;
    if ('exists' in compare) return compare.exists === (row !== undefined);
    // An absent key has revision 0, as in etcd, and equals no value.
    if ('createRevision' in compare) return compare.createRevision === (row?.created ?? 0);
    if ('modRevision' in compare) return compare.modRevision === (row === undefined ? 0 : revisionOf(row.id));
    return row !== undefined && Buffer.compare(toEntry(row).value, compare.value) === 0;
  }

  #apply(operations: readonly WireOperation[]): void {
    const revision = this.revision + 1;
    const keys: string[] = [];
    const next = (): number => {
      if (keys.length >= width) throw new Error(`a transaction changes more than ${width} keys`);
      return revision * width + keys.length;
    };
    const remove = (row: Row): void => {
      this.#end.run(revision, row.id);
      this.#insert.run(next(), row.key, 0, revision, 1, null, null);
      keys.push(row.key);
    };
    for (const operation of operations) {
      if ('put' in operation) {
        const previous = this.#live.get(operation.put) as Row | undefined;
        if (previous !== undefined) this.#end.run(revision, previous.id);
        const created = previous?.created ?? revision;
        this.#insert.run(next(), operation.put, created, null, 0, operation.lease ?? null, operation.value);
        keys.push(operation.put);
      } else if ('delete' in operation) {
        const row = this.#live.get(operation.delete) as Row | undefined;
        if (row !== undefined) remove(row);
      } else {
        const { deletePrefix: prefix } = operation;
        for (const row of this.#rows('key >= ? AND key < ?', prefix, prefixEnd(prefix))) remove(row);
      }
    }
    if (keys.length === 0) return;
    this.revision = revision;
    this.#changes.push({ revision, keys });
  }

  #deleteRows(condition: string, ...values: (string | number)[]): number {
    const rows = this.#rows(condition, ...values);
    this.#apply(rows.map(({ key }) => ({ delete: key })));
    return rows.length;
  }

  #rows(condition: string, ...values: (string | number)[]): Row[] {
    const text = `SELECT id, key, created, deleted FROM versions WHERE ended IS NULL AND ${condition}`;
    return this.#database.prepare(text).all(...values) as unknown as Row[];
  }
}
