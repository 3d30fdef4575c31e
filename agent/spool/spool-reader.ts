import { MusterError } from '../../shared/errors.ts';
import type { OutputPiece, OutputReader } from '../executor.ts';
import type { FolderWatch } from './folder-watch.ts';
import type { Gap } from './layout.ts';
import type { SegmentList } from './segment-list.ts';
import { SegmentReader } from './segment-reader.ts';
import type { Signal } from './signal.ts';

const mostBytes = 64 * 1024;
/** Read from the disk at once, where the stream has as much: each read is a trip through the thread pool. */
const mostAheadBytes = 256 * 1024;

/** What a reader asks of its stream. */
export interface StreamView {
  readonly list: SegmentList;
  readonly watch: FolderWatch;
  /** Raised when one of the following changed. */
  readonly moved: Signal;
  /** Where the stream ends, once known. */
  readonly end: number | undefined;
  /** Everything before it is output and no part of the nonce. */
  readonly safe: number;
  /** Looks at the disk each time: false only as long as no nonce can have been written. */
  exited(): boolean;
}

/**
 * One reader of one stream. Until `exit` is complete it forwards whatever it reads: the order is read first, then ask whether
 * `exit` is there, so what is forwarded was written before any nonce could be. From then on it forwards what the scan has passed.
 * It reads further ahead the longer it finds as much as it looked for; what it holds has passed that question.
 */
export class SpoolReader implements OutputReader {
  #offset: number;
  readonly #view: StreamView;
  readonly #segments: SegmentReader;
  readonly #onClose: (reader: SpoolReader) => void;
  #scratch: Buffer | undefined;
  /** Read, and not yet handed out: the bytes from `offset` on. */
  #ahead: Buffer | undefined;
  #aheadBytes = 0;
  #closed = false;
  #reading = false;

  constructor(options: { view: StreamView; from: number; onClose: (reader: SpoolReader) => void }) {
    this.#view = options.view;
    this.#offset = options.from;
    this.#segments = new SegmentReader(options.view.list);
    this.#onClose = options.onClose;
  }

  get offset(): number {
    return this.#offset;
  }

  async read(maxBytes: number): Promise<OutputPiece> {
    if (!Number.isInteger(maxBytes) || maxBytes < 1) throw new TypeError('maxBytes must be a whole number above 0');
    if (this.#reading) throw new Error('one read at a time');
    this.#reading = true;
    try {
      const bytes = Math.min(maxBytes, mostBytes);
      return this.#ahead && !this.#closed ? this.#data(this.#ahead, bytes) : await this.#next(bytes);
    } finally {
      this.#reading = false;
      if (this.#closed) await this.#segments.close();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ahead = undefined;
    this.#onClose(this);
    this.#view.moved.raise();
    this.#view.watch.changed.raise();
    if (!this.#reading) this.#segments.close().catch(() => undefined);
  }

  async #next(maxBytes: number): Promise<OutputPiece> {
    const view = this.#view;
    for (;;) {
      if (this.#closed) throw new MusterError('INTERNAL', 'the reader was closed');
      const changed = view.watch.changed.version;
      const moved = view.moved.version;
      const { end } = view;
      if (end !== undefined && this.#offset > end) {
        throw new MusterError('OFFSET_PAST_END', `offset ${this.#offset} is past the end at ${end}`, { field: 'from' });
      }
      if (end === this.#offset) {
        const gap = await this.#segments.jointAt(end);
        return gap === undefined ? { type: 'end', offset: end } : this.#gap(gap, end);
      }
      let limit = view.exited() ? (end ?? view.safe) : Number.POSITIVE_INFINITY;
      if (limit <= this.#offset) {
        await view.moved.past(moved);
        continue;
      }
      const buffer = this.#buffer(Math.max(maxBytes, this.#aheadBytes));
      const room = buffer.subarray(0, Math.min(buffer.length, limit - this.#offset));
      const read = await this.#segments.read(this.#offset, room);
      if (this.#closed) continue;
      if (read === undefined) {
        // All of it was on the disk when its end was found: what is not there any more was cut off.
        if (end !== undefined) return this.#gap({ from: this.#offset, until: end, reason: 'corrupt' }, end);
        await view.watch.wait(changed);
        continue;
      }
      if (limit === Number.POSITIVE_INFINITY && view.exited()) limit = view.end ?? view.safe;
      if (typeof read !== 'number') return this.#gap(read, view.end);
      const bytes = Math.min(read, limit - this.#offset);
      if (bytes > 0) return this.#data(this.#taken(buffer, bytes), maxBytes);
    }
  }

  /** What was read, out of the buffer. */
  #taken(buffer: Buffer, bytes: number): Buffer {
    this.#aheadBytes = bytes === buffer.length ? Math.min(2 * bytes, mostAheadBytes) : 0;
    // A few bytes must not hold on to a large buffer.
    if (bytes < buffer.length / 2) return Buffer.from(buffer.subarray(0, bytes));
    this.#scratch = undefined;
    return buffer.subarray(0, bytes);
  }

  #data(from: Buffer, maxBytes: number): OutputPiece {
    const { offset } = this;
    const data = from.subarray(0, maxBytes);
    this.#offset += data.length;
    this.#ahead = data.length < from.length ? from.subarray(data.length) : undefined;
    return { type: 'data', offset, data };
  }

  #gap(gap: Gap, end: number | undefined): OutputPiece {
    const until = Math.min(gap.until, end ?? gap.until);
    this.#offset = until;
    return { type: 'gap', gap: { from: gap.from, until, reason: gap.reason } };
  }

  #buffer(bytes: number): Buffer {
    if (this.#scratch === undefined || this.#scratch.length !== bytes) this.#scratch = Buffer.allocUnsafeSlow(bytes);
    return this.#scratch;
  }
}
