import type { Output } from '../../proto/gen/muster/v1/Output.ts';
import { MusterError } from '../../shared/errors.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { OutputPiece, OutputReader, StreamName } from '../executor.ts';
import type { ReadRequest } from './frame-in.ts';

const maxFrameBytes = 64 * 1024;
const maxReadsPerExecution = 8;
const maxReads = 1024;
/** So many ids of reads that are over are kept: a credit that crosses the end of its read must not open it anew. */
const maxEndedIds = 8192;

interface OpenRead {
  readonly readId: number;
  readonly execution: ExecutionId;
  readonly stream: StreamName;
  readonly from: number;
  until: number;
  /** Where a read that stops at what there was ends; Infinity for all others. */
  readonly presentAt: number;
  /** Undefined as long as the execution's output is not there yet. */
  reader: OutputReader | undefined;
  pulling: boolean;
  piece: OutputPiece | { readonly type: 'present'; readonly offset: number } | undefined;
}

export interface ReadsOptions {
  openRead(execution: ExecutionId, stream: StreamName, from: number): OutputReader | undefined;
  /** Bytes of a stream so far; undefined where nothing more will come. */
  presentBytes(execution: ExecutionId, stream: StreamName): number | undefined;
  /** A read can't go on. */
  onError(output: Output): void;
  /** `take` has something. */
  onReady(): void;
}

/**
 * The session's reads and its output lane. Each read pulls one piece ahead of the stream, never past its `until`; what is ready
 * goes out in the order it became ready, so that no read starves another.
 */
export class Reads {
  readonly #options: ReadsOptions;
  readonly #reads = new Map<number, OpenRead>();
  readonly #perExecution = new Map<ExecutionId, Set<OpenRead>>();
  /** Offered in this session and not over: their output may still come to be. */
  readonly #expected = new Set<ExecutionId>();
  readonly #ended = new Set<number>();
  readonly #ready: OpenRead[] = [];

  constructor(options: ReadsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#reads.size;
  }

  /** Bytes read and not yet taken. */
  get readyBytes(): number {
    return this.#ready.reduce((sum, { piece }) => sum + (piece?.type === 'data' ? piece.data.length : 0), 0);
  }

  request(request: ReadRequest): void {
    const { readId, execution, stream, from, until, close, untilPresent } = request;
    const known = this.#reads.get(readId);
    if (close) {
      if (known) this.#forget(known);
      return;
    }
    if (known) {
      // Credits may cross on their way: a smaller one takes nothing back.
      known.until = Math.max(known.until, until);
      this.#pull(known);
      return;
    }
    if (this.#ended.has(readId)) return;
    const siblings = this.#perExecution.get(execution) ?? new Set();
    if (siblings.size >= maxReadsPerExecution || this.#reads.size >= maxReads) {
      this.#fail(readId, from, 'too-many-reads');
      return;
    }
    const present = untilPresent ? this.#options.presentBytes(execution, stream) : undefined;
    const presentAt = present ?? Number.POSITIVE_INFINITY;
    const place = { readId, execution, stream, from, until, presentAt };
    const read: OpenRead = { ...place, reader: undefined, pulling: false, piece: undefined };
    this.#reads.set(readId, read);
    this.#perExecution.set(execution, siblings.add(read));
    this.#open(read);
  }

  /** Reads of this execution wait for it rather than fail. */
  expect(execution: ExecutionId): void {
    this.#expected.add(execution);
  }

  /** Something happened to an execution: its output may be there now. */
  happened(execution: ExecutionId, finished: boolean): void {
    if (finished) this.#expected.delete(execution);
    for (const read of this.#perExecution.get(execution) ?? []) if (!read.reader) this.#open(read);
  }

  /** The next piece of output, round robin. */
  take(): Output | undefined {
    const read = this.#ready.shift();
    if (!read?.piece) return undefined;
    const { readId, piece } = read;
    read.piece = undefined;
    if (piece.type === 'end' || piece.type === 'present') this.#forget(read);
    else this.#pull(read);
    switch (piece.type) {
      case 'data':
        return { readId, offset: piece.offset, data: piece.data };
      case 'gap':
        return { readId, offset: piece.gap.from, gap: piece.gap };
      case 'end':
        return { readId, offset: piece.offset, end: true };
      case 'present':
        return { readId, offset: piece.offset, present: true };
    }
  }

  closeAll(): void {
    for (const read of [...this.#reads.values()]) this.#forget(read);
    this.#expected.clear();
  }

  #open(read: OpenRead): void {
    read.reader = this.#options.openRead(read.execution, read.stream, read.from);
    if (read.reader) this.#pull(read);
    else if (!this.#expected.has(read.execution)) this.#endWith(read, 'unknown-execution');
  }

  #pull(read: OpenRead): void {
    const { reader } = read;
    if (!reader || read.pulling || read.piece) return;
    if (reader.offset >= read.presentAt) return this.#endAtPresent(read, reader.offset);
    const credit = Math.min(read.until, read.presentAt) - reader.offset;
    if (credit <= 0) return;
    read.pulling = true;
    reader.read(Math.min(maxFrameBytes, credit)).then(
      (piece) => {
        read.pulling = false;
        if (this.#reads.get(read.readId) !== read) return;
        read.piece = piece;
        this.#ready.push(read);
        this.#options.onReady();
      },
      (error: unknown) => {
        read.pulling = false;
        if (this.#reads.get(read.readId) !== read) return;
        const pastEnd = error instanceof MusterError && error.reason === 'OFFSET_PAST_END';
        this.#endWith(read, pastEnd ? 'offset-past-end' : 'io');
      },
    );
  }

  #endAtPresent(read: OpenRead, offset: number): void {
    if (offset > read.presentAt) return this.#endWith(read, 'offset-past-end');
    // In the output lane, behind the last piece.
    read.piece = { type: 'present', offset };
    this.#ready.push(read);
    this.#options.onReady();
  }

  #endWith(read: OpenRead, error: string): void {
    this.#forget(read);
    this.#fail(read.readId, read.reader?.offset ?? read.from, error);
  }

  #fail(readId: number, offset: number, error: string): void {
    this.#remember(readId);
    this.#options.onError({ readId, offset, error });
  }

  #forget(read: OpenRead): void {
    this.#reads.delete(read.readId);
    this.#remember(read.readId);
    const siblings = this.#perExecution.get(read.execution);
    siblings?.delete(read);
    if (siblings?.size === 0) this.#perExecution.delete(read.execution);
    const at = this.#ready.indexOf(read);
    if (at >= 0) this.#ready.splice(at, 1);
    read.reader?.close();
  }

  #remember(readId: number): void {
    this.#ended.add(readId);
    if (this.#ended.size > maxEndedIds) for (const oldest of this.#ended) return void this.#ended.delete(oldest);
  }
}
