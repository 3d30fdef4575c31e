import { BlockDigest } from '../../shared/block-digest.ts';
import type { Log } from '../../shared/log.ts';
import type { FolderWatch } from './folder-watch.ts';
import type { Layout } from './layout.ts';
import { NonceSearch } from './nonce-search.ts';
import type { SegmentList } from './segment-list.ts';
import { SegmentReader } from './segment-reader.ts';
import { Signal } from './signal.ts';

const pieceBytes = 256 * 1024;

/**
 * Follows one stream from its first byte as it comes, hashes it and looks for its end, so that little is left to do when the
 * command has ended. Lives until the end is found or it is closed; memory: one piece, and 32 bytes for each MiB.
 */
export class Scan {
  /** Raised when `safe`, `end` or `idle` changed. */
  readonly moved = new Signal();
  readonly #list: SegmentList;
  readonly #reader: SegmentReader;
  readonly #watch: FolderWatch;
  readonly #search: NonceSearch;
  readonly #digest = new BlockDigest();
  readonly #log: Log;
  #stopped = false;
  #idle = false;
  #marked = false;
  #end: number | undefined;
  #root: Buffer | undefined;
  readonly #done: Promise<void>;

  /** `end`: where the stream is known to end; no nonce is looked for then. */
  constructor(options: { list: SegmentList; watch: FolderWatch; nonce: Buffer; end: number | undefined; log: Log }) {
    this.#list = options.list;
    this.#reader = new SegmentReader(options.list);
    this.#watch = options.watch;
    this.#search = new NonceSearch(options.nonce);
    this.#log = options.log;
    this.#done = this.#run(options.end).catch((err: unknown) => {
      this.#log.error(
        { err, 'spool.folder': this.#list.dir, 'spool.stream': this.#list.stream },
        'reading the spool failed',
      );
      this.#idle = true;
      this.moved.raise();
    });
  }

  /** Everything before it is output, whatever follows. */
  get safe(): number {
    return this.#digest.offset;
  }

  /** How far it has read. */
  get seen(): number {
    return this.#digest.offset + this.#search.heldBytes;
  }

  /** Where the stream ends, once that is known. */
  get end(): number | undefined {
    return this.#end;
  }

  /** The end is where the nonce was. */
  get marked(): boolean {
    return this.#marked;
  }

  /** The digest of what is before `end`; set together with it. */
  get root(): Buffer | undefined {
    return this.#root;
  }

  /** It has seen everything that was there when it last looked, and found no end. */
  get idle(): boolean {
    return this.#idle;
  }

  get closed(): boolean {
    return this.#stopped;
  }

  /** Ends the stream after what is there, without a nonce. */
  async cut(): Promise<void> {
    await this.close();
    if (this.#end !== undefined) return;
    this.#digest.update(this.#search.flush());
    const { end } = this.#list.layout();
    this.#digest.skip(end, 'corrupt');
    this.#finish();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#watch.changed.raise();
    this.moved.raise();
    await this.#done;
  }

  async #run(end: number | undefined): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    try {
      while (!this.#stopped && this.#end === undefined) {
        if (end !== undefined && this.#digest.offset >= end) {
          this.#finish();
          break;
        }
        const { version } = this.#watch.changed;
        const at = this.seen;
        const limit = end === undefined ? pieceBytes : Math.min(pieceBytes, end - at);
        const read = await this.#reader.read(at, buffer.subarray(0, limit));
        if (read === undefined && end !== undefined) {
          // Nothing comes any more: what is missing was lost since.
          this.#digest.skip(end, 'corrupt');
          continue;
        }
        if (read === undefined) {
          this.#idle = true;
          this.moved.raise();
          await this.#watch.wait(version);
          continue;
        }
        this.#idle = false;
        if (typeof read === 'number') this.#take(buffer.subarray(0, read), end !== undefined);
        else {
          this.#digest.update(this.#search.flush());
          this.#digest.skip(Math.min(read.until, end ?? read.until), read.reason);
        }
        this.moved.raise();
      }
    } finally {
      await this.#reader.close();
    }
  }

  #take(data: Buffer, endKnown: boolean): void {
    const { clean, found } = endKnown ? { clean: data, found: false } : this.#search.push(data);
    this.#digest.update(clean);
    this.#marked = found;
    if (found) this.#finish();
  }

  #finish(): void {
    this.#end = this.#digest.offset;
    this.#root = this.#digest.finish();
    this.#idle = true;
    this.moved.raise();
  }
}

/** The stream's gaps before `end`, at most 64 of them: the last one reaches over what did not fit. */
export function gapsBefore(layout: Layout, end: number): Layout['gaps'] {
  const gaps = layout.gaps
    .filter((gap) => gap.from < end || (gap.from === gap.until && gap.from === end))
    .map((gap) => ({ ...gap, until: Math.min(gap.until, end) }));
  const last = gaps[mostGaps - 1];
  if (gaps.length <= mostGaps || last === undefined) return gaps;
  return [...gaps.slice(0, mostGaps - 1), { ...last, until: gaps.at(-1)?.until ?? last.until }];
}

const mostGaps = 64;
