import type { Output__Output } from '../../../proto/gen/muster/v1/Output.ts';
import type { ReadHandle, ReadOptions, ReadSink } from '../../../server/fleet/session.ts';
import type { ReadSource } from '../../../server/output/outputs.ts';

export interface OpenedRead {
  readonly options: ReadOptions;
  readonly sink: ReadSink;
  until: number;
  position: number;
  open: boolean;
}

const nothing = { readId: 1, offset: 0, data: Buffer.alloc(0), gap: null, end: false, error: '', present: false };

/** A node that answers reads of one stream as the test says, and keeps to what it was asked for. */
export class FakeNode implements ReadSource {
  readonly content: Buffer;
  readonly reads: OpenedRead[] = [];
  ended = true;
  connected = true;
  /** Offsets with a gap of unknown length. */
  readonly lostAt = new Set<number>();
  readonly #whenBack = new Set<() => void>();

  constructor(content: Buffer) {
    this.content = content;
  }

  read(_: unknown, options: ReadOptions, sink: ReadSink): ReadHandle | undefined {
    if (!this.connected) return undefined;
    const read: OpenedRead = { options, sink, until: options.until, position: options.from, open: true };
    this.reads.push(read);
    return {
      extend: (until) => {
        read.until = Math.max(read.until, until);
      },
      close: () => {
        read.open = false;
      },
    };
  }

  whenBack(_: unknown, action: () => void): () => void {
    this.#whenBack.add(action);
    return () => this.#whenBack.delete(action);
  }

  get waiting(): number {
    return this.#whenBack.size;
  }

  get open(): OpenedRead[] {
    return this.reads.filter((read) => read.open);
  }

  /** Sends at most `maxBytes` more of a read; false where there is nothing to send within its credit. */
  send(read: OpenedRead, maxBytes: number, gapTold = false): boolean {
    if (!read.open) return false;
    if (!gapTold && this.lostAt.has(read.position)) {
      const gap = { from: read.position, until: read.position, reason: 'drain-killed' };
      read.sink.piece({ ...nothing, offset: read.position, gap });
      return this.send(read, maxBytes, true) || true;
    }
    const until = Math.min(read.position + maxBytes, read.until, this.content.length);
    const next = [...this.lostAt].filter((at) => at > read.position && at < until).sort((a, b) => a - b)[0] ?? until;
    if (next > read.position) {
      const data = this.content.subarray(read.position, next);
      const offset = read.position;
      read.position = next;
      read.sink.piece({ ...nothing, offset, data });
      return true;
    }
    if (!this.ended || read.position < this.content.length) return false;
    read.open = false;
    read.sink.piece({ ...nothing, offset: read.position, end: true });
    return true;
  }

  frame(read: OpenedRead, output: Partial<Output__Output>): void {
    read.sink.piece({ ...nothing, offset: read.position, ...output });
  }

  /** The session ends; every read of it is lost. */
  lose(): void {
    this.connected = false;
    for (const read of this.open) {
      read.open = false;
      read.sink.lost();
    }
  }

  return(): void {
    this.connected = true;
    const actions = [...this.#whenBack];
    this.#whenBack.clear();
    for (const action of actions) action();
  }
}
