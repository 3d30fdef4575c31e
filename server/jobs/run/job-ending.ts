import type { JobRecord } from '../../../proto/gen/muster/store/v1/JobRecord.ts';
import type { Clock } from '../../../shared/time.ts';
import type { JobProgress } from '../progress.ts';
import { closingReason } from '../states.ts';
import type { CancelOptions } from './job-frames.ts';
import type { StoredEnds } from './job-results.ts';
import type { JobTimers } from './job-timers.ts';
import type { JobWriter } from './job-writer.ts';
import { RecordNote } from './record-note.ts';

const retryMs = 500;

/** Why one job ends, or is about to: what is said of it to whoever watches, and written down for whoever adopts it. */
export class JobEnding {
  readonly #progress: JobProgress;
  readonly #clock: Clock;
  readonly #cancelNote: RecordNote;
  readonly #stopNote: RecordNote;
  #cancel: CancelOptions | undefined;

  /** `cancel` and `stopped`: as the store has it. */
  constructor(options: {
    progress: JobProgress;
    writer: JobWriter;
    clock: Clock;
    timers: JobTimers;
    cancel: CancelOptions | undefined;
    stopped: boolean;
  }) {
    const { progress, writer, timers } = options;
    this.#progress = progress;
    this.#clock = options.clock;
    const update = (change: JobRecord): Promise<void> => writer.update(change);
    const retry = (again: () => void): void => timers.after(retryMs, again);
    const closed = (): boolean => progress.state === 'closed';
    this.#cancelNote = new RecordNote({ update, retry, moot: closed });
    this.#stopNote = new RecordNote({ update, retry, moot: () => closed() || this.cancelled });
    if (options.stopped) this.#stopNote.stands();
    if (!options.cancel) return;
    this.#cancelNote.stands();
    this.#begin(options.cancel);
  }

  get cancelled(): boolean {
    return this.#cancel !== undefined;
  }

  /** Of the first cancel; TERM and the order's grace where there was none. */
  get cancelOptions(): CancelOptions {
    return this.#cancel ?? { signal: 0, graceMs: undefined };
  }

  /** Resolves when it is written down; the first one's signal and grace stand. */
  async cancel(cancel: CancelOptions): Promise<void> {
    if (!this.#cancel) this.#begin(cancel);
    const { signal, graceMs } = this.cancelOptions;
    const grace = graceMs !== undefined && { cancelGraceMs: graceMs };
    await this.#cancelNote.write({ state: 'cancelling', reason: 'cancelled', cancelSignal: signal, ...grace });
  }

  /** The budget of errors is spent. Whoever adopts the job must know, though he may not have heard of all the errors. */
  stop(complete: boolean): void {
    if (this.#progress.state !== 'open') return;
    const [state, reason] = ['stopping', 'max-errors'] as const;
    this.#progress.setJob(state, reason);
    if (!complete) this.#stopNote.write({ state, reason }).catch(() => {});
  }

  /** The record of a close with these ends. */
  record({ counts, superseded }: StoredEnds, deadlinePassed: boolean): JobRecord {
    const reason = closingReason({
      ...{ complete: counts.UNDETERMINED === 0, cancelled: this.cancelled, deadlinePassed, superseded },
      skipped: counts.SKIPPED ?? 0,
      cancelledExecutions: counts.CANCELLED ?? 0,
    });
    return { state: 'closed', reason: reason ?? 'done', closedUnixMs: this.#clock.now(), counts };
  }

  #begin(cancel: CancelOptions): void {
    this.#cancel = cancel;
    this.#progress.setJob('cancelling', 'cancelled');
  }
}
