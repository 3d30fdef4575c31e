import { createHash, type Hash } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Standard input on its way: a file that grows until it is what the order says. It is open only while a piece is written. */
export class StdinFile {
  readonly #expected: { readonly digest: Buffer; readonly bytes: number };
  readonly #path: string;
  #hash: Hash = createHash('sha256');
  #bytes = 0;

  /** Makes room for `stdin` in the execution's folder. Throws where that can't be. */
  constructor(options: { folder: string; expected: { readonly digest: Buffer; readonly bytes: number } }) {
    this.#expected = options.expected;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#path = join(options.folder, 'stdin');
    // A complete one that was never promised can't be written to.
    rmSync(this.#path, { force: true });
  }

  /** Begins again from the first byte: another session sends it anew. */
  restart(): void {
    this.#hash = createHash('sha256');
    this.#bytes = 0;
  }

  /** Takes a piece; what is there already is passed over. Says what is wrong with it, if anything. Throws where the disk does. */
  write(offset: number, data: Buffer): 'more' | 'complete' | { readonly fault: string } {
    const { bytes, digest } = this.#expected;
    if (offset > this.#bytes) return { fault: `input at ${offset} leaves a hole behind ${this.#bytes}` };
    const fresh = data.subarray(this.#bytes - offset);
    if (this.#bytes + fresh.length > bytes) return { fault: `stdin is longer than the ${bytes} bytes of the order` };
    const descriptor = openSync(this.#path, this.#bytes === 0 ? 'w' : 'r+', 0o600);
    try {
      for (let at = 0; at < fresh.length; ) {
        at += writeSync(descriptor, fresh, at, fresh.length - at, this.#bytes + at);
      }
      this.#hash.update(fresh);
      this.#bytes += fresh.length;
      if (this.#bytes < bytes) return 'more';
      if (!this.#hash.copy().digest().equals(digest)) return { fault: 'stdin is not what order.stdin_digest says' };
      fchmodSync(descriptor, 0o400);
      fsyncSync(descriptor);
      return 'complete';
    } finally {
      closeSync(descriptor);
    }
  }

  /** It will not be needed. */
  discard(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // It goes with the folder.
    }
  }
}
