import type { JobRecord } from '../../../proto/gen/muster/store/v1/JobRecord.ts';
import type { ExecutionResult } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import type { Clock } from '../../../shared/time.ts';
import type { NodeSession } from '../../fleet/node-session.ts';
import { countEnds, type EndCounts } from '../end-counts.ts';
import type { TargetResult } from '../job-store.ts';
import type { LateResult } from '../late-results.ts';
import type { JobProgress } from '../progress.ts';
import type { StateName } from '../states.ts';
import type { JobWriter } from './job-writer.ts';
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
  /** The record of a close with these ends. */
  readonly closing: (ends: StoredEnds, deadlinePassed: boolean) => JobRecord;
  /** An end that was made here is in the store. */
  readonly decided: (index: number, result: ExecutionResult) => void;
  readonly closed: (record: JobRecord) => void;
}

/** What the store has of the ends of a job. */
export interface StoredEnds {
  readonly counts: EndCounts;
  /** How many of those that were skipped a newer order has superseded. */
  readonly superseded: number;
}

/**
 * The results of one run on their way into the store: in batches, each released once it is there, the last with the
 * close. What an agent said is told before; what is decided here only once it is there: were this coordinator to die, another one
 * would know nothing of it.
 */
export class JobResults {
  readonly #options: JobResultsOptions;
  readonly #stored: Set<number>;
  readonly #batches: ResultBatches;
  /** Sessions to release once their results are in the store. */
  readonly #reporters = new Map<number, NodeSession>();
  /** Made here, and not in the store yet. */
  readonly #decided = new Set<number>();
  #ends: StoredEnds;

  constructor(options: JobResultsOptions) {
    const { progress, clock, idle } = options;
    this.#options = options;
    this.#stored = new Set(options.stored);
    const results = [...this.#stored].flatMap((index) => progress.resultAt(index) ?? []);
    const none = { counts: { UNDETERMINED: progress.targets.length }, superseded: 0 };
    this.#ends = withEnds(none, results);
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

  /** Takes the result of an agent in, once an execution. */
  add(result: TargetResult): void {
    this.#batches.add(result);
  }

  /** Takes in an end that is made here, of what was never offered. */
  decide(result: TargetResult): void {
    this.#decided.add(result.target);
    this.#batches.add(result);
  }

  /** Its end was made here and is on its way into the store: whatever an agent says of it, that one stands. */
  isDecided(index: number): boolean {
    return this.#decided.has(index);
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
    if (!over()) closed(await writer.close([], closing(this.#ends, deadlinePassed)));
  }

  /** Commits nothing further. */
  end(): void {
    this.#batches.close();
  }

  async #commit(results: readonly TargetResult[]): Promise<void> {
    const { progress, writer, decided, closing, closed } = this.#options;
    const closes = this.#stored.size + results.length === progress.targets.length;
    const ends = withEnds(
      this.#ends,
      results.map(({ result }) => result),
    );
    const record = closes ? await writer.close(results, closing(ends, false)) : undefined;
    if (!closes) await this.#write(results);
    this.#ends = ends;
    for (const { target, result } of results) {
      this.#stored.add(target);
      if (this.#decided.delete(target)) decided(target, result);
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

function withEnds({ counts, superseded }: StoredEnds, results: readonly ExecutionResult[]): StoredEnds {
  const also = results.filter(
    ({ state, reason }) => state === ('EXECUTION_STATE_SKIPPED' satisfies StateName) && reason === 'superseded',
  );
  const states = results.map(({ state }) => state);
  return { counts: countEnds(counts, states), superseded: superseded + also.length };
}
