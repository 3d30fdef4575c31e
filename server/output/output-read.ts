import type { Output__Output } from '../../proto/gen/muster/v1/Output.ts';
import type { ReadHandle, ReadSink } from '../fleet/session.ts';
import { baseCreditBytes, type CreditPool } from './credit.ts';

/** A piece of one stream as it came from the node. */
export type OutputPiece =
  | { readonly type: 'data'; readonly offset: number; readonly data: Buffer }
  | { readonly type: 'gap'; readonly from: number; readonly until: number; readonly reason: string }
  | { readonly type: 'end'; readonly offset: number }
  /** The output can't be had (now), and why: `node-away`, `unknown-execution`, `io`, … */
  | { readonly type: 'unavailable'; readonly offset: number; readonly reason: string };

/** Opens a read at whoever holds the node now; undefined where nobody does. */
export type OpenRead = (from: number, until: number, sink: ReadSink) => ReadHandle | undefined;

export interface OutputReadOptions {
  readonly from: number;
  readonly open: OpenRead;
  /** Calls back once when the node has a session again; returns what forgets the call. */
  readonly whenBack: (action: () => void) => () => void;
  readonly pool: CreditPool;
  readonly closed: () => void;
}

/** Bytes kept behind the fastest reader for those a little slower. */
const keptBytes = 256 * 1024;

interface Reader {
  /** Number of the next piece, counted from the read's first. */
  seq: number;
  position: number;
  wake: (() => void) | undefined;
}

/**
 * One read on a node and the readers that share it: a ring driven by the fastest of them. Holds what was asked for and not yet
 * passed on, and `keptBytes` behind that. Goes on by itself in the node's next session.
 */
export class OutputRead implements ReadSink {
  readonly #options: OutputReadOptions;
  readonly #pieces: OutputPiece[] = [];
  /** Number of the oldest piece in the ring. */
  #firstSeq = 0;
  readonly #readers = new Set<Reader>();
  /** First offset still in the ring. */
  #base: number;
  /** First offset not received yet. */
  #next: number;
  #last: OutputPiece | undefined;
  #credit = baseCreditBytes;
  #until: number;
  #handle: ReadHandle | undefined;
  #forgetWhenBack: (() => void) | undefined;
  #closed = false;

  constructor(options: OutputReadOptions) {
    this.#options = options;
    this.#base = options.from;
    this.#next = options.from;
    this.#until = options.from;
    this.#open();
  }

  /** A reader at `from` would find its bytes here. */
  covers(from: number): boolean {
    return !this.#closed && from >= this.#base && from <= this.#next;
  }

  /** Reads on from `from`, which must be covered. `next` answers undefined when the reader fell out of the ring. */
  attach(from: number): { next(signal: AbortSignal): Promise<OutputPiece | undefined>; detach(): void } {
    const ahead = this.#pieces.findIndex((piece) => endOf(piece) > from || startOf(piece) === from);
    const seq = this.#firstSeq + (ahead < 0 ? this.#pieces.length : ahead);
    const reader: Reader = { seq, position: from, wake: undefined };
    this.#readers.add(reader);
    return {
      next: async (signal) => {
        for (;;) {
          signal.throwIfAborted();
          if (reader.seq < this.#firstSeq) return undefined;
          const piece = this.#pieces[reader.seq - this.#firstSeq];
          if (piece) return this.#take(reader, piece);
          if (this.#last) return this.#last;
          await changed(reader, signal);
        }
      },
      detach: () => {
        this.#readers.delete(reader);
        if (this.#readers.size === 0) this.#close();
      },
    };
  }

  piece(output: Output__Output): void {
    const offset = output.offset;
    // What an older session of the node had sent already.
    if (offset < this.#next && !output.gap) return;
    if (output.data.length > 0) this.#push({ type: 'data', offset, data: output.data });
    if (output.gap) this.#push({ type: 'gap', ...output.gap });
    if (output.end) this.#finish({ type: 'end', offset: this.#next });
  }

  failed(error: string): void {
    this.#finish({ type: 'unavailable', offset: this.#next, reason: error });
  }

  lost(): void {
    this.#handle = undefined;
    if (!this.#closed && !this.#last) this.#open();
  }

  #open(): void {
    this.#until = this.#next + this.#credit;
    this.#handle = this.#options.open(this.#next, this.#until, this);
    if (this.#handle) return;
    this.#forgetWhenBack = this.#options.whenBack(() => {
      if (!this.#closed && !this.#handle) this.#open();
    });
  }

  #push(piece: OutputPiece): void {
    this.#pieces.push(piece);
    this.#next = endOf(piece);
    this.#wakeAll();
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
    this.#advance();
    if (startOf(piece) >= position) return piece;
    if (piece.type === 'data') return { ...piece, offset: position, data: piece.data.subarray(position - piece.offset) };
    return piece.type === 'gap' ? { ...piece, from: position } : piece;
  }

  /** A reader moved: drops what is too far behind the fastest one and asks for more. */
  #advance(): void {
    let fastest = this.#base;
    let fastestSeq = this.#firstSeq;
    for (const reader of this.#readers) {
      fastest = Math.max(fastest, reader.position);
      fastestSeq = Math.max(fastestSeq, reader.seq);
    }
    const kept = this.#readers.size > 1 ? keptBytes : 0;
    while (this.#pieces[0] && this.#firstSeq < fastestSeq && endOf(this.#pieces[0]) <= fastest - kept) {
      this.#base = endOf(this.#pieces[0]);
      this.#pieces.shift();
      this.#firstSeq += 1;
    }
    // Asking again at half the credit keeps the node sending while the frame is on its way.
    if (this.#handle && this.#until - fastest <= this.#credit / 2) {
      this.#credit = this.#options.pool.grow(this.#credit);
      this.#until = fastest + this.#credit;
      this.#handle.extend(this.#until);
    }
  }

  #wakeAll(): void {
    for (const reader of this.#readers) {
      const { wake } = reader;
      reader.wake = undefined;
      wake?.();
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forgetWhenBack?.();
    this.#handle?.close();
    this.#options.pool.giveBack(this.#credit);
    this.#options.closed();
  }
}

function changed(reader: Reader, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    reader.wake = () => {
      signal.removeEventListener('abort', aborted);
      resolve();
    };
  });
}

const startOf = (piece: OutputPiece): number => (piece.type === 'gap' ? piece.from : piece.offset);

const endOf = (piece: OutputPiece): number => {
  if (piece.type === 'gap') return piece.until;
  return piece.type === 'data' ? piece.offset + piece.data.length : piece.offset;
};
