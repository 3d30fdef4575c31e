import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process (or store) has the files open. */
export class LockedError extends Error {
  constructor(path: string) {
    super(
      `another process has the embedded store in ${path} open: embedded serves a single replica, several need etcd ` +
        '(store: etcd://host:port/prefix)',
    );
    this.name = 'LockedError';
  }
}

const schemaVersion = 1;

/**
 * `id` is revision × 2^20 + place in the revision, so that the rows in order of `id` are the history. A row is a key's
 * value from its revision until `ended`; a deletion is a row that ended as it began.
 */
const schema = `
  CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER,
    deleted INTEGER NOT NULL,
    lease INTEGER,
    value BLOB
  ) STRICT;
  CREATE UNIQUE INDEX live ON versions (key) WHERE ended IS NULL;
  CREATE INDEX past ON versions (key, id);
  CREATE INDEX dead ON versions (ended) WHERE ended IS NOT NULL;
  CREATE INDEX leased ON versions (lease) WHERE ended IS NULL AND lease IS NOT NULL;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  INSERT INTO meta VALUES ('compacted', 0);
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * Opens the database in folder `path`, made where it is missing, and holds it alone until it is closed or the process
 * ends. Every commit is on disk before it returns. Throws `LockedError`.
 */
export function openDatabase(path: string): DatabaseSync {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(path, 'store.db'), { timeout: 0 });
  try {
    // SQLite keeps the file's lock from the first access on, and the kernel drops it with the process.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA cache_size = -32768');
    database.exec('BEGIN EXCLUSIVE');
    const version = database.prepare('PRAGMA user_version').get()?.user_version;
    if (version === 0) database.exec(schema);
    else if (version !== schemaVersion) {
      throw new Error(`the embedded store in ${path} has format ${version}; this version reads ${schemaVersion}`);
    }
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && (error.errcode === 5 || error.errcode === 261)) {
      throw new LockedError(path);
    }
    throw error;
  }
}
