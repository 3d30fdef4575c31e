import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const value = Buffer.alloc(512, 'value ');

/** Node's SQLite with nothing around it, as durable as the embedded store: each commit is on disk when it returns. */
export class BareSqlite {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;

  constructor(folder: string) {
    this.#database = new DatabaseSync(join(folder, 'bare.db'));
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    this.#database.exec('CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB) STRICT');
    this.#insert = this.#database.prepare('INSERT OR REPLACE INTO pairs VALUES (?, ?)');
  }

  /** One transaction. */
  async put(transaction: number, puts: number): Promise<void> {
    this.#database.exec('BEGIN IMMEDIATE');
    for (let n = 0; n < puts; n += 1) this.#insert.run(`bench/${transaction}/${n}`, value);
    this.#database.exec('COMMIT');
  }
}
