import assert from 'node:assert/strict';
import { type OutputPiece, startOf } from '../../../server/output/output-piece.ts';
import type { Outputs } from '../../../server/output/outputs.ts';
import { testId, testUid } from '../../harness/fake-executor.ts';

/** One reader: takes when it is told to, and checks that what it gets goes on where the last piece ended. */
export class Follower {
  readonly pieces: OutputPiece[] = [];
  readonly abort = new AbortController();
  readonly #iterator: AsyncGenerator<OutputPiece>;
  #position: number;
  #asked: Promise<void> | undefined;
  over = false;

  constructor(outputs: Outputs, from: number, more: { untilPresent?: boolean } = {}) {
    this.#position = from;
    const what = { execution: testId(1), node: testUid, stream: 'OUTPUT_STREAM_STDOUT', from } as const;
    this.#iterator = outputs.follow({ ...what, ...more, signal: this.abort.signal });
  }

  /** Asks for the next piece, unless it still waits for one. */
  take(): void {
    if (this.over || this.#asked) return;
    this.#asked = this.#iterator.next().then(
      ({ value, done }) => {
        this.#asked = undefined;
        if (done) this.over = true;
        if (!value) return;
        assert.equal(startOf(value), this.#position, 'a piece that does not go on where the last one ended');
        this.pieces.push(value);
        if (value.type === 'data') this.#position += value.data.length;
        if (value.type === 'gap') this.#position = value.until;
      },
      () => {
        this.over = true;
      },
    );
  }

  async leave(): Promise<void> {
    this.abort.abort(new Error('left'));
    await this.#iterator.return(undefined).catch(() => {});
    this.over = true;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces.map((piece) => (piece.type === 'data' ? piece.data : Buffer.alloc(0))));
  }

  get last(): OutputPiece | undefined {
    return this.pieces.at(-1);
  }
}
