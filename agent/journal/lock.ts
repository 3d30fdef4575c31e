import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MusterError } from '../../shared/errors.ts';

/** Holds a state folder for one process. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the state folder for this process. The lock is the kernel's (SQLite's own, over fcntl) and dies with the process,
 * whatever ends it. Throws CONFLICT, naming the holder, where another process has it.
 */
export function lockState(stateDir: string): StateLock {
  const path = join(stateDir, 'lock');
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // In memory, or a killed holder's rollback journal would have to be played back by the next.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new MusterError('CONFLICT', `another agent uses the state folder ${stateDir}`, { field: 'state', cause });
  }
  return { release: () => database.close() };
}
