import type { JobRecord } from '../../proto/gen/muster/store/v1/JobRecord.ts';
import type { Clock } from '../../shared/time.ts';
import type { NodeSession } from '../fleet/node-session.ts';
import { countEnds, type EndCounts } from './end-counts.ts';
import type { TargetResult } from './job-store.ts';
import type { JobWriter } from './job-writer.ts';
import type { LateResult } from './late-results.ts';
import type { JobProgress } from './progress.ts';
import { ResultBatches } from './results.ts';

export interface JobResultsOptions {
  readonly progress: JobProgress;
  readonly writer: JobWriter;
  readonly clock: Clock;
  /** Targets whose result is in the store. */
  readonly stored: ReadonlySet<number>;
  /** Nothing is under way that would bring further results soon. */
  readonly idle: () => boolean;
  /** A step of `offeredBelow` that may come along with a batch, as a change of the record. */
  readonly step: () => { readonly offeredBelow: number } | undefined;
  /** What became of it. */
  readonly stepped: (committed: boolean, offeredBelow: number) => void;
  /** The record of a close, but for its counts. */
  readonly closing: (deadlinePassed: boolean) => JobRecord;
  readonly closed: (record: JobRecord) => void;
}

/** The results of one run on their way into the store: in batches, each released once it is there, the last with the close. */
export class JobResults {
  readonly #options: JobResultsOptions;
  readonly #stored: Set<number>;
  readonly #batches: ResultBatches;
  /** Sessions to release once their results are in the store. */
  readonly #reporters = new Map<number, NodeSession>();
  #ends: EndCounts;

  constructor(options: JobResultsOptions) {
    const { progress, clock, idle } = options;
    this.#options = options;
    this.#stored = new Set(options.stored);
    const total = { UNDETERMINED: progress.targets.length };
    this.#ends = countEnds(
      total,
      [...this.#stored].map((index) => progress.stateAt(index)),
    );
    this.#batches = new ResultBatches({ clock, idle, commit: (results) => this.#commit(results) });
  }

  /** Every result is in the store. */
  get complete(): boolean {
    return this.#stored.size === this.#options.progress.targets.length;
  }

  /** What sessions of this replica brought and the store does not have; other replicas keep what theirs did until it is released. */
  *unreleased(): IterableIterator<LateResult> {
    const { progress } = this.#options;
    for (const [index, session] of this.#reporters) {
      const result = progress.resultAt(index);
      if (!result || session.input === undefined) continue;
      yield { session, execution: progress.executionAt(index), result, told: true };
    }
  }

  isStored(index: number): boolean {
    return this.#stored.has(index);
  }

  /** Takes a result in, once an execution. */
  add(result: TargetResult): void {
    this.#batches.add(result);
  }

  /** The session has told of a result: it is released from it now, or when it is in the store. */
  told(index: number, session: NodeSession): void {
    if (this.isStored(index)) session.release([this.#options.progress.executionAt(index)]);
    else this.#reporters.set(index, session);
  }

  /** Looks again whether to wait for company. */
  poke(): void {
    this.#batches.poke();
  }

  /** Commits all that waits. Rejects where the store does not take it. */
  async flush(): Promise<void> {
    await this.#batches.flush();
  }

  /** Closes the job though results are missing, or when all of them are there already. */
  async close(deadlinePassed: boolean, over: () => boolean): Promise<void> {
    const { writer, closing, closed } = this.#options;
    await this.flush();
    if (!over()) closed(await writer.close([], { ...closing(deadlinePassed), counts: this.#ends }));
  }

  /** Commits nothing further. */
  end(): void {
    this.#batches.close();
  }

  async #commit(results: readonly TargetResult[]): Promise<void> {
    const { progress, writer, closing, closed } = this.#options;
    const closes = this.#stored.size + results.length === progress.targets.length;
    const states = results.map(({ result }) => result.state);
    const counts = countEnds(this.#ends, states);
    const record = closes ? await writer.close(results, { ...closing(false), counts }) : undefined;
    if (!closes) await this.#write(results);
    this.#ends = counts;
    for (const { target } of results) {
      this.#stored.add(target);
      this.#reporters.get(target)?.release([progress.executionAt(target)]);
      this.#reporters.delete(target);
    }
    if (record) closed(record);
  }

  async #write(results: readonly TargetResult[]): Promise<void> {
    const { writer, step, stepped } = this.#options;
    const along = step();
    try {
      await writer.results(results, along);
      if (along) stepped(true, along.offeredBelow);
    } catch (error) {
      if (along) stepped(false, along.offeredBelow);
      throw error;
    }
  }
}
