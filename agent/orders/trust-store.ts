import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrustFile, type TrustFile } from '../../shared/signing/trust-file.ts';
import { writeDurably } from '../durable-file.ts';
import { readOwnedFile } from './owned-file.ts';

/**
 * Whose orders this host runs now: by the file of the host's owner, or by one of a higher version that as many of its keys have
 * signed as it asks for, kept in the state folder.
 */
export class TrustStore {
  readonly #path: string;
  #current: TrustFile;
  #text: string;

  /** Throws INVALID_FIELD naming the flag, the file and the line. */
  constructor(options: { readonly file: string; readonly flag: string; readonly stateDir: string }) {
    const { file, flag, stateDir } = options;
    this.#path = join(stateDir, 'trust');
    this.#text = readOwnedFile(file, flag);
    this.#current = parseTrustFile(this.#text, file, flag);
    const kept = readKept(this.#path);
    if (kept === undefined) return;
    const taken = parseTrustFile(kept, this.#path, '--state-dir');
    if (taken.version <= this.#current.version) return;
    this.#text = kept;
    this.#current = taken;
  }

  get current(): TrustFile {
    return this.#current;
  }

  /** What is wrong with putting this text in the place of the present one, signed by so many of its keys; undefined = nothing. */
  fault(text: string, signers: number): string | undefined {
    const { version, threshold } = this.#current;
    // Offered again after a crash.
    if (text === this.#text) return undefined;
    const next = parseTrustFile(text, 'the file', 'order.command.trust_file');
    if (threshold === 0) return 'this host’s trust file names no threshold: only its owner changes it';
    if (signers < threshold) return `${signers} of its keys have signed it, where ${threshold} must`;
    if (next.version <= version) return `its version ${next.version} is not above ${version}, which this host has`;
    return undefined;
  }

  /** Puts the text in its place, on disk first. */
  take(text: string): void {
    if (text === this.#text) return;
    writeDurably(this.#path, text);
    this.#current = parseTrustFile(text, this.#path, '--state-dir');
    this.#text = text;
  }
}

function readKept(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
