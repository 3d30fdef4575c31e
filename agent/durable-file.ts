import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Replaces a file whole: after any crash it is the old one or the new. Returns when it is on disk. Mode 0600. */
export function writeDurably(path: string, text: string): void {
  const next = `${path}.next`;
  writeSynced(next, text);
  renameSync(next, path);
  syncDir(dirname(path));
}

/** Makes a file that is not there yet; false, and nothing changed, where it is. Several processes may try at once. */
export function createDurably(path: string, text: string): boolean {
  const next = `${path}.${process.pid}`;
  writeSynced(next, text);
  try {
    linkSync(next, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(next);
  }
  syncDir(dirname(path));
  return true;
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDir(path: string): void {
  const dir = openSync(path, 'r');
  try {
    fsyncSync(dir);
  } finally {
    closeSync(dir);
  }
}
