import { realpathSync } from 'node:fs';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { OutputReader, StreamName } from '../executor.ts';
import { type DrainName, defaultSegmentBytes } from './layout.ts';
import { SpoolStream, type StreamSummary } from './spool-stream.ts';

export interface Settled {
  readonly stdout: StreamSummary;
  readonly stderr: StreamSummary;
  /** The last bytes of stderr that are kept, at most 4 KiB. */
  readonly stderrTail: Buffer;
}

export interface SpoolOptions {
  /** The spool folder: FIFOs, segments, `bound`. */
  readonly dir: string;
  /** The execution's 16 random bytes that end its streams. */
  readonly nonce: Buffer;
  /**
   * Whether `exit` is complete. Must look at the disk at every call, never at what was noticed earlier: a reader forwards what it
   * read before a false answer, and the nonce is written right after `exit`.
   */
  readonly exitComplete: () => boolean;
  readonly supervisorAlive: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Size of a full segment; only tests change it. */
  readonly segmentBytes?: number;
  /** Told once for a stream when more than the bound was written: the policy `kill`. */
  readonly onBound?: (stream: StreamName) => void;
}

export const drainNames: Readonly<Record<StreamName, DrainName>> = { stdout: 'out', stderr: 'err' };

/**
 * One execution's output on disk: reads from any byte on, how much there is, and where it ends. Lives from before the start until
 * it is closed or removed; another one may be opened over the same folder later, and finds what is there.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #streams: Readonly<Record<StreamName, SpoolStream>>;
  #exited = false;
  #settled: Promise<Settled> | undefined;

  private constructor(options: SpoolOptions, ends: Readonly<Record<StreamName, number | undefined>>) {
    this.#options = options;
    const stream = (name: StreamName): SpoolStream =>
      new SpoolStream({
        place: { dir: options.dir, stream: drainNames[name] },
        nonce: options.nonce,
        segmentBytes: options.segmentBytes ?? defaultSegmentBytes,
        end: ends[name],
        exited: () => this.#hasExited(),
        supervisorAlive: options.supervisorAlive,
        clock: options.clock,
        log: options.log,
        onBound: () => options.onBound?.(name),
      });
    this.#streams = { stdout: stream('stdout'), stderr: stream('stderr') };
  }

  /** Rejects where the folder is not there. */
  static async open(options: SpoolOptions): Promise<Spool> {
    if (options.nonce.length !== 16) throw new TypeError('the nonce must have 16 bytes');
    // Processes of the drain are known by their working directory, which the kernel tells without links.
    const dir = realpathSync.native(options.dir);
    const stdout = SpoolStream.knownEnd({ dir, stream: 'out' });
    const stderr = SpoolStream.knownEnd({ dir, stream: 'err' });
    return new Spool({ ...options, dir }, { stdout, stderr });
  }

  /** Bytes known so far, kept or not; the whole once the end is known. */
  bytes(stream: StreamName): number {
    return this.#streams[stream].bytes;
  }

  /** A reader from any offset on. */
  openRead(stream: StreamName, from: number): OutputReader {
    return this.#streams[stream].openRead(from);
  }

  /** `exit` is complete: the ends are looked for from now on. */
  noteExit(): void {
    this.#exited = true;
    for (const stream of Object.values(this.#streams)) stream.wake();
  }

  /**
   * After the exit: finds both ends, writing the nonce where nobody else does, and says what the streams came to. Always ends, also
   * where drains and supervisor are gone; what was lost is said as a gap. The same promise at every call; rejects when the spool is closed meanwhile.
   */
  settle(): Promise<Settled> {
    this.noteExit();
    this.#settled ??= this.#settle();
    return this.#settled;
  }

  /** Ends all reads and stops following the output. The files stay. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#streams).map((stream) => stream.close()));
  }

  async #settle(): Promise<Settled> {
    const { stdout, stderr } = this.#streams;
    const [out, err] = await Promise.all([stdout.settle(), stderr.settle()]);
    return { stdout: out, stderr: err, stderrTail: await stderr.tail(4096) };
  }

  #hasExited(): boolean {
    this.#exited ||= this.#options.exitComplete();
    return this.#exited;
  }
}
