import type { JobRecord } from '../../../proto/gen/muster/store/v1/JobRecord.ts';

/** One change of a job's record that is written down as soon as the store takes it. */
export class RecordNote {
  readonly #update: (change: JobRecord) => Promise<void>;
  readonly #retry: (again: () => void) => void;
  readonly #moot: () => boolean;
  #written: Promise<void> | undefined;

  /** `retry` calls back later, or never where the run is over; `moot`: it is not to be written any more. */
  constructor(options: {
    update: (change: JobRecord) => Promise<void>;
    retry: (again: () => void) => void;
    moot: () => boolean;
  }) {
    this.#update = options.update;
    this.#retry = options.retry;
    this.#moot = options.moot;
  }

  /** It stands in the store already. */
  stands(): void {
    this.#written = Promise.resolve();
  }

  /** Resolves when it is written; rejects where the first try from now fails, and goes on trying. Again is harmless. */
  write(change: JobRecord): Promise<void> {
    this.#written ??= this.#update(change).catch((error: unknown) => {
      this.#written = undefined;
      if (this.#moot()) return;
      this.#retry(() => {
        if (!this.#moot()) this.write(change).catch(() => {});
      });
      throw error;
    });
    return this.#written;
  }
}
