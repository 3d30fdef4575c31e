import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { invalidField } from '../../shared/errors.ts';

const maxBytes = 1024 * 1024;
const writableByOthers = 0o022;
const sticky = 0o1000;

/** A line of a settings file: its words, and `file:line` for errors. */
export interface FileLine {
  readonly words: readonly string[];
  /** After the first word, as it stands. */
  readonly rest: string;
  readonly place: string;
}

/** Its lines; `#` begins a comment at the beginning of one, empty ones count for nothing. Throws as `readOwnedFile` does. */
export const readOwnedLines = (path: string, flag: string): FileLine[] =>
  readOwnedFile(path, flag)
    .split('\n')
    .flatMap((line, n) => {
      const trimmed = line.trim();
      if (trimmed === '' || trimmed.startsWith('#')) return [];
      const words = trimmed.split(/\s+/);
      return [{ words, rest: trimmed.slice(words[0]?.length ?? 0).trim(), place: `${path}:${n + 1}` }];
    });

/**
 * The text of a file that decides what may run on this host: of root, or of the user that the agent is, and to be changed by nobody
 * else; neither is its folder. Throws INVALID_FIELD naming the flag.
 */
export function readOwnedFile(path: string, flag: string): string {
  try {
    const real = realpathSync(path);
    const file = statSync(real);
    if (!file.isFile()) throw invalidField(flag, `${path} is no file`);
    if (file.size > maxBytes)
      throw invalidField(flag, `${path} is ${file.size} bytes; at most ${maxBytes} are allowed`);
    checkOwner(real, file, flag);
    checkOwner(dirname(real), statSync(dirname(real)), flag);
    return readFileSync(real, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw invalidField(flag, `${path} can’t be read: ${(error as Error).message}`);
  }
}

function checkOwner(path: string, { uid, mode }: { uid: number; mode: number }, flag: string): void {
  if (uid !== 0 && uid !== process.getuid?.()) {
    throw invalidField(
      flag,
      `${path} belongs to user ${uid}; it must be root’s, or of the user that the agent runs as`,
    );
  }
  // In a sticky folder nobody replaces what is another's.
  if ((mode & writableByOthers) !== 0 && (mode & sticky) === 0) {
    throw invalidField(flag, `${path} can be written by others than its owner: chmod go-w ${path}`);
  }
}
