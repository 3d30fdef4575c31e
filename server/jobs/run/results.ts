import type { Clock, Timer } from '../../../shared/time.ts';
import { values } from '../../store/values.ts';
import type { TargetResult } from '../job-store.ts';

const maxBatch = 128;
/** Well under the store's bound on one transaction. */
const maxBatchBytes = 768 * 1024;
const maxWaitMs = 250;
const commitsASecond = 4;
const resultsACommit = 64;

/**
 * Gathers the results of one job into batches: at most one commit for 64 results and 4 a second, yet at once when nothing else
 * is under way, so that a job of one node waits for nobody. `commit` is called with one batch at a time, in order, again with
 * the same results (and perhaps more) until it succeeds.
 */
export class ResultBatches {
  readonly #clock: Clock;
  readonly #commit: (results: readonly TargetResult[]) => Promise<void>;
  readonly #idle: () => boolean;
  #waiting: { result: TargetResult; bytes: number }[] = [];
  #timer: Timer | undefined;
  #committing: Promise<void> | undefined;
  #allowance = commitsASecond;
  #allowanceAt: number;
  #closed = false;

  /** `idle` tells whether no further result can be expected soon: then waiting for company would only cost time. */
  constructor(options: {
    clock: Clock;
    commit: (results: readonly TargetResult[]) => Promise<void>;
    idle: () => boolean;
  }) {
    this.#clock = options.clock;
    this.#commit = options.commit;
    this.#idle = options.idle;
    this.#allowanceAt = options.clock.monotonic();
  }

  add(result: TargetResult): void {
    this.#waiting.push({ result, bytes: values.result.encode({ results: [result] }).length });
    this.#wake();
  }

  /** Looks again: `idle` may have changed. */
  poke(): void {
    if (this.#waiting.length > 0) this.#wake();
  }

  /** Commits everything that waits, now. Rejects with the first failure. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#committing) await (this.#committing ?? this.#next());
  }

  /** Commits nothing further. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #wake(): void {
    if (this.#committing || this.#closed) return;
    this.#refill();
    if (this.#waiting.length >= maxBatch || (this.#idle() && this.#allowance >= 1)) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#next().catch(() => this.#later());
    } else this.#later();
  }

  #later(): void {
    if (this.#closed) return;
    this.#timer ??= this.#clock.after(maxWaitMs, () => {
      this.#timer = undefined;
      if (this.#waiting.length > 0 && !this.#committing && !this.#closed) this.#next().catch(() => this.#later());
    });
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#allowanceAt) / 1000) * commitsASecond;
    this.#allowance = Math.min(commitsASecond, this.#allowance + earned);
    this.#allowanceAt = now;
  }

  #next(): Promise<void> {
    const batch: TargetResult[] = [];
    let bytes = 0;
    for (const waiting of this.#waiting.slice(0, maxBatch)) {
      bytes += waiting.bytes;
      if (batch.length > 0 && bytes > maxBatchBytes) break;
      batch.push(waiting.result);
    }
    this.#allowance = Math.max(0, this.#allowance - Math.max(0, 1 - batch.length / resultsACommit));
    this.#committing = this.#commit(batch).then(
      () => {
        this.#waiting = this.#waiting.slice(batch.length);
        this.#committing = undefined;
        if (this.#waiting.length > 0) this.#wake();
      },
      (error: unknown) => {
        this.#committing = undefined;
        throw error;
      },
    );
    return this.#committing;
  }
}
