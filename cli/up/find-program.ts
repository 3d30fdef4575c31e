import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Absolute path of a program: a path as given, or the first of that name on PATH; undefined where there is none. */
export function findProgram(name: string, path = ''): string | undefined {
  if (name.includes('/')) return isProgram(name) ? resolve(name) : undefined;
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => resolve(join(folder, name)))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
