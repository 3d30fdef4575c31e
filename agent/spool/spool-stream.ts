import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { OutputReader } from '../executor.ts';
import { readBound } from './bound.ts';
import { type DrainPlace, endDrain, knownEnd } from './drain.ts';
import { findEnd } from './find-end.ts';
import { FolderWatch } from './folder-watch.ts';
import type { Gap } from './layout.ts';
import { gapsBefore, Scan } from './scan.ts';
import { SegmentList } from './segment-list.ts';
import { SegmentReader } from './segment-reader.ts';
import { Signal } from './signal.ts';
import { SpoolReader } from './spool-reader.ts';
import { Throttle } from './throttle.ts';

/** What is said of a stream in a result: `OutputSummary` of the protocol. */
export interface StreamSummary {
  readonly bytes: number;
  /** Merkle root, 32 bytes; empty where there was no output. See `BlockDigest`. */
  readonly digest: Buffer;
  /** At most 64, in order. */
  readonly gaps: Gap[];
}

/** One of a spool's two streams. */
export class SpoolStream {
  readonly list: SegmentList;
  readonly watch: FolderWatch;
  readonly moved: Signal;
  readonly exited: () => boolean;
  readonly #options: SpoolStreamOptions;
  readonly #throttle: Throttle;
  readonly #readers = new Set<SpoolReader>();
  /** None where the end was known from the start, until it is settled. */
  #scan: Scan | undefined;
  #ending: Promise<void> = Promise.resolve();

  constructor(options: SpoolStreamOptions) {
    this.#options = options;
    const { place, clock, log } = options;
    this.exited = options.exited;
    this.list = new SegmentList(place);
    this.watch = new FolderWatch({ dir: place.dir, prefix: `${place.stream}.`, clock, log });
    if (options.end === undefined) this.#scan = this.#follow();
    this.moved = this.#scan?.moved ?? new Signal();
    this.#throttle = new Throttle({ place, clock, log, exited: options.exited, slowest: () => this.slowestReader });
    if (this.#scan)
      this.#keepBound(this.#scan).catch((err: unknown) => log.error({ err }, 'the output bound is not watched'));
  }

  static knownEnd(place: DrainPlace): number | undefined {
    return knownEnd(place);
  }

  get end(): number | undefined {
    return this.#options.end ?? this.#scan?.end;
  }

  get safe(): number {
    return this.#options.end ?? this.#scan?.safe ?? 0;
  }

  get bytes(): number {
    return this.end ?? this.safe;
  }

  /** Where the reader stands that is furthest behind, or undefined without one. */
  get slowestReader(): number | undefined {
    let slowest: number | undefined;
    for (const reader of this.#readers) slowest = Math.min(slowest ?? reader.offset, reader.offset);
    return slowest;
  }

  openRead(from: number): OutputReader {
    if (!Number.isSafeInteger(from) || from < 0) throw new TypeError('from must be a whole number, 0 or more');
    const reader = new SpoolReader({ view: this, from, onClose: () => this.#forget(reader) });
    this.#readers.add(reader);
    this.#throttle.wake();
    return reader;
  }

  wake(): void {
    this.watch.changed.raise();
    this.#throttle.wake();
  }

  async settle(): Promise<StreamSummary> {
    const { place, log } = this.#options;
    this.#scan ??= this.#follow();
    const scan = this.#scan;
    await findEnd({ ...this.#options, scan, list: this.list });
    const end = scan.end ?? 0;
    // Nobody has to wait for it: without this file whoever opens the folder next finds the nonce again.
    this.#ending = endDrain(place, end).catch((err: unknown) =>
      log.warn({ err, 'spool.folder': place.dir }, 'the end of a stream could not be written down'),
    );
    if (!scan.marked) await this.#ending;
    const gaps = gapsBefore(this.list.layout(), end);
    if (this.#readers.size === 0) this.watch.rest();
    return { bytes: end, digest: scan.root ?? Buffer.alloc(0), gaps: [...gaps] };
  }

  /** The last bytes before the end that are kept, at most `maxBytes`. */
  async tail(maxBytes: number): Promise<Buffer> {
    const end = this.end ?? this.safe;
    const reader = new SegmentReader(this.list);
    const parts: Buffer[] = [];
    try {
      for (let at = Math.max(0, end - maxBytes); at < end; ) {
        const buffer = Buffer.allocUnsafe(end - at);
        const read = await reader.read(at, buffer);
        if (read === undefined) break;
        if (typeof read === 'number') parts.push(buffer.subarray(0, read));
        at = typeof read === 'number' ? at + read : read.until;
      }
    } finally {
      await reader.close();
    }
    return Buffer.concat(parts);
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) reader.close();
    await this.#throttle.close();
    await this.#scan?.close();
    await this.#ending;
    this.watch.close();
  }

  /** What the agent's side does at the bound: the drain keeps it by itself. */
  async #keepBound(scan: Scan): Promise<void> {
    const { place, onBound } = this.#options;
    const bound = readBound(place.dir);
    if (bound.policy === 'throttle') this.#throttle.start();
    if (bound.policy !== 'kill') return;
    while (scan.end === undefined && !scan.closed && scan.seen <= bound.bytes)
      await scan.moved.past(scan.moved.version);
    if (scan.seen > bound.bytes && !scan.closed) onBound();
  }

  #follow(): Scan {
    const { nonce, end, log } = this.#options;
    return new Scan({ list: this.list, watch: this.watch, nonce, end, log });
  }

  #forget(reader: SpoolReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0 && this.end !== undefined) this.watch.rest();
  }
}

export interface SpoolStreamOptions {
  readonly place: DrainPlace;
  readonly nonce: Buffer;
  readonly segmentBytes: number;
  readonly end: number | undefined;
  readonly exited: () => boolean;
  readonly supervisorAlive: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly onBound: () => void;
}
