import { endOf, type OutputPiece, startOf } from './output-piece.ts';

/** What a piece costs besides its bytes. */
const overheadBytes = 256;
/** Smaller pieces that nobody has read yet are put together up to this size: a byte must not cost a hundred. */
const mergedBytes = 4096;

/** Consecutive pieces, numbered from the first one ever pushed, and how far the fastest reader has come. */
export class Ring {
  #pieces: OutputPiece[] = [];
  /** Number of the oldest piece held. */
  #firstSeq = 0;
  /** No reader has come further, in numbers, offset and cost of what is held behind it. */
  #fastestSeq = 0;
  #fastest: number;
  #behindBytes = 0;
  #base: number;
  #next: number;

  constructor(from: number) {
    this.#base = from;
    this.#next = from;
    this.#fastest = from;
  }

  /** First offset held. */
  get base(): number {
    return this.#base;
  }

  /** First offset not pushed yet. */
  get next(): number {
    return this.#next;
  }

  /** Offset that the fastest reader wants next. */
  get fastest(): number {
    return this.#fastest;
  }

  /** The fastest reader has not taken all there is. */
  get unread(): boolean {
    return this.#fastestSeq < this.#endSeq;
  }

  get #endSeq(): number {
    return this.#firstSeq + this.#pieces.length;
  }

  /** Number of the piece with which a reader at `offset` begins. */
  seqAt(offset: number): number {
    const ahead = this.#pieces.findIndex((piece) => endOf(piece) > offset || startOf(piece) === offset);
    return ahead < 0 ? this.#endSeq : this.#firstSeq + ahead;
  }

  /** The piece of that number; `gone` where it was dropped, undefined where it has not come yet. */
  at(seq: number): OutputPiece | 'gone' | undefined {
    return seq < this.#firstSeq ? 'gone' : this.#pieces[seq - this.#firstSeq];
  }

  push(piece: OutputPiece): void {
    const last = this.#pieces.at(-1);
    const merges =
      last?.type === 'data' && piece.type === 'data' && last.data.length + piece.data.length <= mergedBytes;
    if (merges && this.unread) {
      this.#pieces[this.#pieces.length - 1] = { ...last, data: Buffer.concat([last.data, piece.data]) };
    } else this.#pieces.push(piece);
    this.#next = endOf(piece);
  }

  /** A reader stands at `offset`, and piece `seq` is its next. */
  reached(seq: number, offset: number): void {
    for (; this.#fastestSeq < seq; this.#fastestSeq += 1) {
      const piece = this.#pieces[this.#fastestSeq - this.#firstSeq];
      if (piece) this.#behindBytes += costOf(piece);
    }
    this.#fastest = Math.max(this.#fastest, offset);
  }

  /** Drops what is before `seq`, or as much of what the fastest has left behind as costs more than `keptBytes`. */
  trim(seq: number, keptBytes: number): void {
    let dropped = 0;
    for (const piece of this.#pieces) {
      const number = this.#firstSeq + dropped;
      if (number >= this.#fastestSeq || (number >= seq && this.#behindBytes <= keptBytes)) break;
      this.#behindBytes -= costOf(piece);
      this.#base = endOf(piece);
      dropped += 1;
    }
    if (dropped === 0) return;
    this.#pieces.splice(0, dropped);
    this.#firstSeq += dropped;
  }
}

const costOf = (piece: OutputPiece): number => overheadBytes + (piece.type === 'data' ? piece.data.length : 0);
