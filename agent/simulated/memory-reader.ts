import { MusterError } from '../../shared/errors.ts';
import type { OutputPiece, OutputReader } from '../executor.ts';

/** A stream that is a pattern over and over, up to a length. */
export interface PatternStream {
  readonly pattern: Buffer;
  readonly lengthBytes: number;
  /** Calls back once nothing will follow; at once where that is so already. */
  whenOver(listener: () => void): void;
}

/** Reads a pattern stream; waits at its end for the end of the execution. */
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

  read(maxBytes: number): Promise<OutputPiece> {
    const offset = this.#offset;
    const { pattern, lengthBytes } = this.#stream;
    if (this.#closed) return Promise.reject(new MusterError('INTERNAL', 'the reader is closed'));
    if (offset > lengthBytes) {
      return Promise.reject(new MusterError('OFFSET_PAST_END', `offset ${offset} is past the end, ${lengthBytes}`));
    }
    if (offset < lengthBytes) {
      const begin = offset % pattern.length;
      const data = pattern.subarray(begin, begin + Math.min(maxBytes, lengthBytes - offset));
      this.#offset += data.length;
      return Promise.resolve({ type: 'data', offset, data });
    }
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#stream.whenOver(() => resolve({ type: 'end', offset }));
    });
  }

  close(): void {
    this.#closed = true;
    this.#fail?.(new MusterError('INTERNAL', 'the reader is closed'));
  }
}
