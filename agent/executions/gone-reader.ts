import { MusterError } from '../../shared/errors.ts';
import type { OutputPiece, OutputReader } from '../executor.ts';

/** A stream whose output was removed: a gap up to its end. */
export class GoneReader implements OutputReader {
  readonly #bytes: number;
  #offset: number;
  #closed = false;

  constructor(options: { /** Of the stream. */ bytes: number; from: number }) {
    this.#bytes = options.bytes;
    this.#offset = options.from;
  }

  get offset(): number {
    return this.#offset;
  }

  async read(): Promise<OutputPiece> {
    const from = this.#offset;
    const until = this.#bytes;
    if (this.#closed) throw new MusterError('INTERNAL', 'the reader was closed');
    if (from > until) {
      throw new MusterError('OFFSET_PAST_END', `offset ${from} is past the end at ${until}`, { field: 'from' });
    }
    if (from === until) return { type: 'end', offset: until };
    this.#offset = until;
    return { type: 'gap', gap: { from, until, reason: 'retention' } };
  }

  close(): void {
    this.#closed = true;
  }
}
