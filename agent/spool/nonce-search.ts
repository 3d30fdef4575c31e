/**
 * Finds the first occurrence of a nonce in a stream that comes in pieces, and hands on only what can't be part of it. Holds at
 * most the nonce's length less one byte.
 */
export class NonceSearch {
  readonly #nonce: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(nonce: Buffer) {
    this.#nonce = nonce;
  }

  /** Bytes kept back: they may be the nonce's beginning. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** `clean` follows on what was handed on before; where `found`, the nonce came right after it. May share memory with `data`. */
  push(data: Buffer): { clean: Buffer; found: boolean } {
    const joined = this.#held.length === 0 ? data : Buffer.concat([this.#held, data]);
    const at = joined.indexOf(this.#nonce);
    if (at >= 0) {
      this.#held = Buffer.alloc(0);
      return { clean: joined.subarray(0, at), found: true };
    }
    const held = this.#beginningAtEnd(joined);
    this.#held = Buffer.from(joined.subarray(joined.length - held));
    return { clean: joined.subarray(0, joined.length - held), found: false };
  }

  /** What was held, because nothing follows it directly. */
  flush(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held;
  }

  /** Length of the longest beginning of the nonce, less than all of it, that `data` ends with. */
  #beginningAtEnd(data: Buffer): number {
    for (let length = Math.min(this.#nonce.length - 1, data.length); length > 0; length--) {
      if (data.compare(this.#nonce, 0, length, data.length - length) === 0) return length;
    }
    return 0;
  }
}
