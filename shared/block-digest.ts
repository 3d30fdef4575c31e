import { createHash, type Hash } from 'node:crypto';
import { merkleRoot } from './merkle.ts';

export const blockBytes = 1024 * 1024;

/**
 * The leaf of a block of which not all bytes were there to be hashed: this text, in ASCII, always longer than a SHA-256. The
 * range is the whole block's, the reason its first gap's.
 */
export const gapLeaf = (gap: { readonly from: number; readonly until: number; readonly reason: string }): Buffer =>
  Buffer.from(`muster.v1.output-gap from=${gap.from} until=${gap.until} reason=${gap.reason}`, 'latin1');

/**
 * The digest of a stream, made as it comes: Merkle root over a leaf for each 1 MiB block of absolute offsets, the SHA-256 of its
 * bytes, or `gapLeaf`. Gaps of unknown length have no place in it: they move no offset. 32 bytes are kept for each block.
 */
export class BlockDigest {
  readonly #leaves: Buffer[] = [];
  #offset = 0;
  #hash: Hash | undefined;
  #reason: string | undefined;

  /** Bytes hashed or passed over. */
  get offset(): number {
    return this.#offset;
  }

  /** The bytes at `offset`. */
  update(data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      const length = Math.min(data.length - at, this.#blockEnd() - this.#offset);
      this.#hash ??= createHash('sha256');
      this.#hash.update(data.subarray(at, at + length));
      at += length;
      this.#advance(this.#offset + length);
    }
  }

  /** Nothing is there from `offset` up to `until`. */
  skip(until: number, reason: string): void {
    while (this.#offset < until) {
      this.#reason ??= reason;
      this.#advance(Math.min(until, this.#blockEnd()));
    }
  }

  /** The root, 32 bytes; empty where there was no output. Ends the digest. */
  finish(): Buffer {
    if (this.#offset === 0) return Buffer.alloc(0);
    if (this.#offset % blockBytes !== 0) this.#endBlock();
    return merkleRoot(this.#leaves);
  }

  #blockEnd(): number {
    return (Math.floor(this.#offset / blockBytes) + 1) * blockBytes;
  }

  #advance(offset: number): void {
    this.#offset = offset;
    if (offset % blockBytes === 0) this.#endBlock();
  }

  #endBlock(): void {
    const from = this.#leaves.length * blockBytes;
    const whole = this.#reason === undefined && this.#hash !== undefined;
    this.#leaves.push(
      whole && this.#hash !== undefined
        ? this.#hash.digest()
        : gapLeaf({ from, until: this.#offset, reason: this.#reason ?? 'corrupt' }),
    );
    this.#hash = undefined;
    this.#reason = undefined;
  }
}
