import { type Clock, sleep, type Timer } from '../../../shared/time.ts';

const keepMs = 5000;
const retryMs = 500;

/** Standard input of one job: read from the store when it is offered, and kept in memory only while that goes on. */
export class JobStdin {
  readonly #clock: Clock;
  readonly #load: () => Promise<Buffer>;
  readonly #abort = new AbortController();
  #data: Buffer | undefined;
  #loading: Promise<Buffer> | undefined;
  #timer: Timer | undefined;

  /** `load` reads it from the store; `data` is the same where it is at hand. */
  constructor(options: { clock: Clock; load: () => Promise<Buffer>; data?: Buffer | undefined }) {
    this.#clock = options.clock;
    this.#load = options.load;
    if (options.data?.length) this.#keep(options.data);
  }

  /**
   * Calls `give` with all of it: at once where it is at hand, else as soon as the store has answered. Not at all once `wanted`
   * says no, or after `close`.
   */
  give(wanted: () => boolean, give: (data: Buffer) => void): void {
    if (this.#data) return give(this.#keep(this.#data));
    void this.#giveLater(wanted, give);
  }

  close(): void {
    this.#abort.abort();
    this.#drop();
  }

  async #giveLater(wanted: () => boolean, give: (data: Buffer) => void): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted && wanted()) {
      try {
        const data = await this.#read();
        if (!signal.aborted && wanted()) give(this.#keep(data));
        return;
      } catch {
        // The store is away, as whoever writes to it says in the log.
        await sleep(retryMs, signal).catch(() => {});
      }
    }
  }

  #read(): Promise<Buffer> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  #keep(data: Buffer): Buffer {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(keepMs, () => this.#drop());
    this.#data = data;
    return data;
  }

  #drop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#data = undefined;
  }
}
