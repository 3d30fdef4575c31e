import type { Sink } from '../../cli/render/sink.ts';

/** A sink that keeps what is written. */
export class MemorySink implements Sink {
  readonly isTerminal: boolean;
  readonly columns = 80;
  readonly blocked = false;
  readonly #chunks: Buffer[] = [];

  constructor(options: { isTerminal?: boolean } = {}) {
    this.isTerminal = options.isTerminal ?? false;
  }

  write(bytes: Buffer | string): Promise<void> {
    this.#chunks.push(Buffer.from(bytes));
    return Promise.resolve();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }
}
