import { MusterError } from '../../shared/errors.ts';
import type { OutputPiece, OutputReader } from '../executor.ts';

/** A stream that is a pattern over and over, up to a length that may grow. */
export interface PatternStream {
  readonly pattern: Buffer;
  /** Byte 0 of the stream is this byte of the pattern; 0 where not given. */
  readonly shift?: number;
  /** Bytes so far. */
  readonly lengthBytes: number;
  /** Nothing will follow. */
  readonly over: boolean;
  /** Calls back once there is more, or nothing will follow; returns what takes that back. */
  whenMore(listener: () => void): () => void;
}

/** Reads a pattern stream; waits at its end for more, or for the end of the execution. */
export class MemoryReader implements OutputReader {
  readonly #stream: PatternStream;
  #offset: number;
  #fail: ((error: Error) => void) | undefined;
  #closed = false;

  constructor(stream: PatternStream, from: number) {
    this.#stream = stream;
    this.#offset = from;
  }

  get offset(): number {
    return this.#offset;
  }

  async read(maxBytes: number): Promise<OutputPiece> {
    for (;;) {
      const offset = this.#offset;
      const { pattern, shift = 0, lengthBytes, over } = this.#stream;
      if (this.#closed) throw new MusterError('INTERNAL', 'the reader is closed');
      if (offset < lengthBytes) {
        const begin = (offset + shift) % pattern.length;
        const data = pattern.subarray(begin, begin + Math.min(maxBytes, lengthBytes - offset));
        this.#offset += data.length;
        return { type: 'data', offset, data };
      }
      if (over) {
        if (offset === lengthBytes) return { type: 'end', offset };
        throw new MusterError('OFFSET_PAST_END', `offset ${offset} is past the end, ${lengthBytes}`);
      }
      await this.#more();
    }
  }

  close(): void {
    this.#closed = true;
    this.#fail?.(new MusterError('INTERNAL', 'the reader is closed'));
  }

  async #more(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#fail = reject;
    const forget = this.#stream.whenMore(resolve);
    try {
      await promise;
    } finally {
      this.#fail = undefined;
      forget();
    }
  }
}
