import type { Output__Output } from '../../proto/gen/muster/v1/Output.ts';
import { unavailableReason } from '../../shared/unavailable-reasons.ts';
import type { ReadHandle, ReadSink } from '../fleet/session.ts';
import { baseCreditBytes, type CreditPool } from './credit.ts';
import { after, endOf, type OutputPiece } from './output-piece.ts';
import { Ring } from './ring.ts';

/** Opens a read at whoever holds the node now; undefined where nobody does. */
export type OpenRead = (from: number, until: number, sink: ReadSink) => ReadHandle | undefined;

export interface OutputReadOptions {
  readonly from: number;
  readonly open: OpenRead;
  /** Calls back once when the node has a session again; returns what forgets the call. */
  readonly whenBack: (action: () => void) => () => void;
  readonly pool: CreditPool;
  /** Others may begin here too. */
  readonly shared: boolean;
  /** It got its first piece, or its read on the node is closed. */
  readonly changed: (read: OutputRead) => void;
}

/** One of those that share a read. */
export interface OutputReader {
  /** The next piece; undefined when this reader fell behind the ring, or the read was evicted and all it held is taken. */
  next(): Promise<OutputPiece | undefined>;
  detach(): void;
}

interface Reader {
  /** Number of the next piece in the ring. */
  seq: number;
  position: number;
  wake: (() => void) | undefined;
}

/** Bytes kept behind the fastest reader for those a little slower. */
const keptBytes = 256 * 1024;

/**
 * One read on a node and the readers that share it, driven by the fastest of them. Holds what was asked for and not yet passed
 * on, and `keptBytes` behind that. Goes on by itself in the node's next session.
 */
export class OutputRead implements ReadSink {
  readonly #options: OutputReadOptions;
  readonly #ring: Ring;
  readonly #readers = new Set<Reader>();
  #last: OutputPiece | undefined;
  #credit = baseCreditBytes;
  #until: number;
  #handle: ReadHandle | undefined;
  #forgetWhenBack: (() => void) | undefined;
  #begun = false;
  #closed = false;

  constructor(options: OutputReadOptions) {
    this.#options = options;
    this.#ring = new Ring(options.from);
    this.#until = options.from;
    this.#open();
  }

  /** A reader at `from` would find its bytes here. */
  covers(from: number): boolean {
    if (this.#closed || !this.#options.shared || this.#last?.type === 'unavailable') return false;
    return from >= this.#ring.base && from <= this.#ring.next;
  }

  /** It has no place on the node any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** It got somewhere: to take its place on the node away costs its readers no progress. */
  get evictable(): boolean {
    return this.#begun;
  }

  /** Its fastest reader is slower than the node. */
  get stalled(): boolean {
    return this.#ring.unread;
  }

  /** Reads on from `from`, which must be covered (or the read's own beginning). The signal rejects `next` with its reason. */
  attach(from: number, signal: AbortSignal): OutputReader {
    const reader: Reader = { seq: this.#ring.seqAt(from), position: from, wake: undefined };
    const aborted = (): void => wake(reader);
    signal.addEventListener('abort', aborted, { once: true });
    this.#readers.add(reader);
    this.#reached(reader);
    return {
      next: async () => {
        for (;;) {
          signal.throwIfAborted();
          const piece = this.#ring.at(reader.seq);
          if (piece === 'gone') return undefined;
          if (piece) return this.#take(reader, piece);
          if (this.#last) return this.#last;
          if (this.#closed) return undefined;
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
        }
      },
      detach: () => {
        signal.removeEventListener('abort', aborted);
        if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
        this.evict();
        this.#options.pool.giveBack(this.#credit);
      },
    };
  }

  /** Ends the read on the node; its readers take what they find and then look for another. */
  evict(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forgetWhenBack?.();
    this.#handle?.close();
    this.#handle = undefined;
    this.#wakeAll();
    this.#options.changed(this);
  }

  piece({ offset, data, gap, end, present }: Output__Output): void {
    if (this.#closed || this.#last) return;
    const { next } = this.#ring;
    const skips = offset !== next || offset + data.length > this.#until;
    if (skips || (gap && (gap.from !== next + data.length || gap.until < gap.from))) return this.#distrust();
    if (data.length > 0) this.#push({ type: 'data', offset, data });
    if (gap) this.#push({ type: 'gap', from: gap.from, until: gap.until, reason: gap.reason });
    if (end) this.#finish({ type: 'end', offset: this.#ring.next });
    else if (present) this.#finish({ type: 'present', offset: this.#ring.next });
  }

  failed(error: string): void {
    this.#finish({ type: 'unavailable', offset: this.#ring.next, reason: unavailableReason(error) });
  }

  lost(): void {
    this.#handle = undefined;
    if (!this.#closed && !this.#last) this.#open();
  }

  #open(): void {
    const { next, fastest } = this.#ring;
    // What came in the last session and was not passed on still counts.
    this.#until = Math.max(next, fastest + this.#credit);
    this.#handle = this.#options.open(next, this.#until, this);
    if (this.#handle) return;
    this.#forgetWhenBack = this.#options.whenBack(() => {
      if (!this.#closed && !this.#handle) this.#open();
    });
  }

  /** The agent skips bytes, repeats them, or sends more than it was asked for. */
  #distrust(): void {
    this.#handle?.close();
    this.failed('io');
  }

  #push(piece: OutputPiece): void {
    this.#ring.push(piece);
    this.#wakeAll();
    if (this.#begun) return;
    this.#begun = true;
    this.#options.changed(this);
  }

  #finish(last: OutputPiece): void {
    this.#last = last;
    this.#handle = undefined;
    this.#wakeAll();
  }

  #take(reader: Reader, piece: OutputPiece): OutputPiece {
    const { position } = reader;
    reader.seq += 1;
    reader.position = endOf(piece);
    this.#reached(reader);
    if (this.#readers.size === 1) this.#ring.trim(reader.seq, Number.POSITIVE_INFINITY);
    else this.#ring.trim(0, keptBytes);
    return after(piece, position);
  }

  /** Asking again at half the credit keeps the node sending while the frame is on its way. */
  #reached({ seq, position }: Reader): void {
    this.#ring.reached(seq, position);
    const { fastest } = this.#ring;
    if (!this.#handle || this.#until - fastest > this.#credit / 2) return;
    this.#credit = this.#options.pool.grow(this.#credit);
    this.#until = fastest + this.#credit;
    this.#handle.extend(this.#until);
  }

  #wakeAll(): void {
    for (const reader of this.#readers) wake(reader);
  }
}

function wake(reader: Reader): void {
  const { wake: resolve } = reader;
  reader.wake = undefined;
  resolve?.();
}
