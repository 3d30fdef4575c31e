import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Standard input on its way: a file that grows until it is what the order says. */
export class StdinFile {
  readonly #expected: { readonly digest: Buffer; readonly bytes: number };
  readonly #descriptor: number;
  #hash: Hash = createHash('sha256');
  #bytes = 0;

  /** Makes `stdin` in the execution's folder. Throws where that can't be. */
  constructor(options: { folder: string; expected: { readonly digest: Buffer; readonly bytes: number } }) {
    this.#expected = options.expected;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#descriptor = openSync(join(options.folder, 'stdin'), 'w', 0o400);
  }

  /** Begins again from the first byte: another session sends it anew. */
  restart(): void {
    ftruncateSync(this.#descriptor, 0);
    this.#hash = createHash('sha256');
    this.#bytes = 0;
  }

  /** Takes a piece; what is there already is passed over. Says what is wrong with it, if anything. Throws where the disk does. */
  write(offset: number, data: Buffer): 'more' | 'complete' | { readonly fault: string } {
    const { bytes, digest } = this.#expected;
    if (offset > this.#bytes) return { fault: `input at ${offset} leaves a hole behind ${this.#bytes}` };
    const fresh = data.subarray(this.#bytes - offset);
    if (this.#bytes + fresh.length > bytes) return { fault: `stdin is longer than the ${bytes} bytes of the order` };
    for (let at = 0; at < fresh.length; ) {
      at += writeSync(this.#descriptor, fresh, at, fresh.length - at, this.#bytes + at);
    }
    this.#hash.update(fresh);
    this.#bytes += fresh.length;
    if (this.#bytes < bytes) return 'more';
    if (!this.#hash.copy().digest().equals(digest)) return { fault: 'stdin is not what order.stdin_digest says' };
    fsyncSync(this.#descriptor);
    return 'complete';
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
