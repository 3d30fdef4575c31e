import { setMaxListeners } from 'node:events';
import type { ExecutionId, NodeUid } from '../../shared/ids.ts';
import type { OutputStreamName, ReadHandle, ReadOptions, ReadSink } from '../fleet/session.ts';
import { CreditPool } from './credit.ts';
import { type OutputPiece, OutputRead } from './output-read.ts';

/** Where nodes are held: what reading needs of the fleet. */
export interface ReadSource {
  /** Undefined where the node has no session. */
  read(node: NodeUid, options: ReadOptions, sink: ReadSink): ReadHandle | undefined;
  /** Calls `action` once at the node's next session; returns what forgets it. */
  whenBack(node: NodeUid, action: () => void): () => void;
}

export interface FollowOptions {
  readonly execution: ExecutionId;
  readonly node: NodeUid;
  readonly stream: OutputStreamName;
  readonly from: number;
  /** Ends the iteration by throwing its reason, also while the node is away: whoever follows decides how long to wait. */
  readonly signal: AbortSignal;
}

/** The agent serves eight reads an execution; four a stream keeps both streams readable. */
const maxReadsAStream = 4;
const creditLimitBytes = 192 * 1024 * 1024;

/** Every read of output on this replica: readers of the same place share one read on the node. */
export class Outputs {
  readonly #source: ReadSource;
  readonly #pool = new CreditPool({ limitBytes: creditLimitBytes });
  readonly #reads = new Map<string, OutputRead[]>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(options: { source: ReadSource }) {
    this.#source = options.source;
  }

  /**
   * Pieces from `from` on, in order, the last one `end` or `unavailable`. Slow consumers harm only themselves; while the node
   * is away it waits, and goes on where it was.
   */
  async *follow(options: FollowOptions): AsyncGenerator<OutputPiece> {
    setMaxListeners(0, options.signal);
    let position = options.from;
    for (;;) {
      const read = await this.#readAt(options, position);
      const reader = read.attach(position);
      try {
        for (;;) {
          const piece = await reader.next(options.signal);
          if (piece === undefined) break;
          yield piece;
          if (piece.type === 'end' || piece.type === 'unavailable') return;
          position = piece.type === 'gap' ? piece.until : piece.offset + piece.data.length;
        }
      } finally {
        reader.detach();
      }
    }
  }

  async #readAt(options: FollowOptions, from: number): Promise<OutputRead> {
    const key = `${options.execution}/${options.stream}`;
    for (;;) {
      options.signal.throwIfAborted();
      const reads = this.#reads.get(key) ?? [];
      const shared = reads.find((read) => read.covers(from));
      if (shared) return shared;
      if (reads.length < maxReadsAStream) return this.#open(options, from, key);
      await this.#oneCloses(key, options.signal);
    }
  }

  #open({ execution, node, stream }: FollowOptions, from: number, key: string): OutputRead {
    const read: OutputRead = new OutputRead({
      from,
      pool: this.#pool,
      open: (start, until, sink) => this.#source.read(node, { execution, stream, from: start, until }, sink),
      whenBack: (action) => this.#source.whenBack(node, action),
      closed: () => this.#forget(key, read),
    });
    this.#reads.set(key, [...(this.#reads.get(key) ?? []), read]);
    return read;
  }

  #forget(key: string, read: OutputRead): void {
    const rest = (this.#reads.get(key) ?? []).filter((other) => other !== read);
    if (rest.length > 0) this.#reads.set(key, rest);
    else this.#reads.delete(key);
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const wake of waiting) wake();
  }

  #oneCloses(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', aborted, { once: true });
      const wake = (): void => {
        signal.removeEventListener('abort', aborted);
        resolve();
      };
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), wake]);
    });
  }
}
