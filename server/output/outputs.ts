import { setMaxListeners } from 'node:events';
import type { ExecutionId, NodeUid } from '../../shared/ids.ts';
import type { OutputStreamName, ReadHandle, ReadOptions, ReadSink } from '../fleet/session.ts';
import { CreditPool } from './credit.ts';
import { endOf, isLast, type OutputPiece } from './output-piece.ts';
import { OutputRead, type OutputReader } from './output-read.ts';

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
  /** Stop at what there is now, with `present`, where the execution still runs. */
  readonly untilPresent?: boolean;
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
  /** Reads that hold a place on the node, oldest first. */
  readonly #reads = new Map<string, Set<OutputRead>>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(options: { source: ReadSource }) {
    this.#source = options.source;
  }

  /** Reads open on nodes. */
  get reads(): number {
    let reads = 0;
    for (const open of this.#reads.values()) reads += open.size;
    return reads;
  }

  /** Bytes lent out above every read's base credit. */
  get lentBytes(): number {
    return this.#pool.lentBytes;
  }

  /**
   * Pieces from `from` on, in order, the last one `end`, `present` or `unavailable`. Slow consumers harm only themselves; while
   * the node is away it waits, and goes on where it was.
   */
  async *follow(options: FollowOptions): AsyncGenerator<OutputPiece> {
    const { signal } = options;
    setMaxListeners(0, signal);
    let position = options.from;
    /** Where a gap of unknown length was told last: a read that begins there tells it again. */
    let gapAt: number | undefined;
    for (;;) {
      const reader = await this.#attachAt(options, position);
      try {
        for (let piece = await reader.next(); piece !== undefined; piece = await reader.next()) {
          const again = piece.type === 'gap' && piece.until === gapAt;
          position = endOf(piece);
          gapAt = piece.type === 'gap' && piece.from === piece.until ? piece.until : undefined;
          if (!again) yield piece;
          if (isLast(piece)) return;
        }
      } finally {
        reader.detach();
      }
    }
  }

  /** Finds or opens a read and attaches in the same breath: a read that covers a place now may not a moment later. */
  async #attachAt(options: FollowOptions, from: number): Promise<OutputReader> {
    const { signal } = options;
    const key = `${options.execution}/${options.stream}`;
    for (;;) {
      signal.throwIfAborted();
      const reads = [...(this.#reads.get(key) ?? [])];
      const shared = options.untilPresent ? undefined : reads.find((read) => read.covers(from));
      if (shared) return shared.attach(from, signal);
      if (reads.length < maxReadsAStream) return this.#open(options, from, key).attach(from, signal);
      // A reader that stands still gives up its place first: it has something to take meanwhile.
      const able = reads.filter((read) => read.evictable);
      const victim = able.find((read) => read.stalled) ?? able[0];
      if (victim) victim.evict();
      else await this.#somethingChanges(key, signal);
    }
  }

  #open({ execution, node, stream, untilPresent = false }: FollowOptions, from: number, key: string): OutputRead {
    const what = { execution, stream, ...(untilPresent && { untilPresent }) };
    const read = new OutputRead({
      from,
      pool: this.#pool,
      shared: !untilPresent,
      open: (start, until, sink) => this.#source.read(node, { ...what, from: start, until }, sink),
      whenBack: (action) => this.#source.whenBack(node, action),
      changed: (changed) => this.#changed(key, changed),
    });
    this.#reads.set(key, (this.#reads.get(key) ?? new Set()).add(read));
    return read;
  }

  #changed(key: string, read: OutputRead): void {
    const reads = this.#reads.get(key);
    if (read.closed) reads?.delete(read);
    if (reads?.size === 0) this.#reads.delete(key);
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const wake of waiting) wake();
  }

  #somethingChanges(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#waiting.set(key, waiting.add(wake));
    });
  }
}
