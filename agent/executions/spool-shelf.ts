import { MusterError } from '../../shared/errors.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { OutputPiece, OutputReader, StreamName } from '../executor.ts';
import type { Spool } from '../spool/spool.ts';

/** A spool that readers share. */
interface Shelved {
  readonly spool: Promise<Spool | undefined>;
  readers: number;
  /** Its execution closes it, or hands it over with `retire`. */
  live: boolean;
}

/** Readers of all executions' output: it keeps spools of ended ones open for as long as somebody reads them. */
export class SpoolShelf {
  readonly #log: Log;
  readonly #shelved = new Map<ExecutionId, Shelved>();

  constructor(options: { log: Log }) {
    this.#log = options.log;
  }

  /** A reader of a spool that its execution has open, or will have; without one the stream has no bytes. */
  readLive(id: ExecutionId, spool: Promise<Spool | undefined>, stream: StreamName, from: number): OutputReader {
    return this.#hold(id, this.#shelved.get(id) ?? { spool, readers: 0, live: true }, stream, from);
  }

  /** A reader of an ended execution's spool, opened by `open` where nobody else reads it. */
  readEnded(id: ExecutionId, open: () => Promise<Spool>, stream: StreamName, from: number): OutputReader {
    const shelved = this.#shelved.get(id) ?? { spool: this.#open(id, open), readers: 0, live: false };
    return this.#hold(id, shelved, stream, from);
  }

  /** The execution has ended: its spool is closed when nobody reads it any more. */
  retire(id: ExecutionId, spool: Promise<Spool | undefined>): void {
    const shelved = this.#shelved.get(id);
    if (shelved) shelved.live = false;
    else void spool.then((opened) => opened?.close());
  }

  async close(): Promise<void> {
    const ended = [...this.#shelved.values()].filter(({ live }) => !live);
    this.#shelved.clear();
    for (const { spool } of ended) await (await spool)?.close();
  }

  #open(id: ExecutionId, open: () => Promise<Spool>): Promise<Spool | undefined> {
    return open().catch((err: unknown) => {
      this.#log.warn({ err, 'execution.id': id }, 'output could not be opened');
      return undefined;
    });
  }

  #hold(id: ExecutionId, shelved: Shelved, stream: StreamName, from: number): OutputReader {
    this.#shelved.set(id, shelved);
    shelved.readers++;
    const onClose = (): void => {
      if (--shelved.readers > 0 || this.#shelved.get(id) !== shelved) return;
      this.#shelved.delete(id);
      if (!shelved.live) void shelved.spool.then((spool) => spool?.close());
    };
    return new LateReader({ spool: shelved.spool, stream, from, onClose });
  }
}

/** A reader of a spool that may not be there yet. */
class LateReader implements OutputReader {
  readonly #spool: Promise<Spool | undefined>;
  readonly #stream: StreamName;
  readonly #from: number;
  readonly #onClose: () => void;
  #reader: OutputReader | undefined;
  #closed: { reject: (error: Error) => void; promise: Promise<never> };
  #isClosed = false;

  constructor(options: { spool: Promise<Spool | undefined>; stream: StreamName; from: number; onClose: () => void }) {
    this.#spool = options.spool;
    this.#stream = options.stream;
    this.#from = options.from;
    this.#onClose = options.onClose;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.#closed = { promise, reject };
  }

  get offset(): number {
    return this.#reader?.offset ?? this.#from;
  }

  async read(maxBytes: number): Promise<OutputPiece> {
    if (this.#reader === undefined) {
      const spool = await Promise.race([this.#spool, this.#closed.promise]);
      if (this.#isClosed) return this.#closed.promise;
      if (spool === undefined) {
        if (this.#from > 0) throw new MusterError('OFFSET_PAST_END', `the stream ends at 0, before ${this.#from}`);
        return { type: 'end', offset: 0 };
      }
      this.#reader = spool.openRead(this.#stream, this.#from);
    }
    return this.#reader.read(maxBytes);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closed.reject(new Error('the reader is closed'));
    this.#reader?.close();
    this.#onClose();
  }
}
