import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import { type ExecutionId, type JobId, parseExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { sleep } from '../../shared/time.ts';
import type { Session } from '../fleet/session.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { JobStore, TargetResult } from './job-store.ts';

const attempt = 1;
const retryMs = 1000;
/** Two operations and compares each, within the store's hundred. */
const resultsACommit = 40;

/** A result that no run of this replica took, and who brought it. */
export interface LateResult {
  readonly session: Session;
  readonly execution: ExecutionId;
  readonly result: ExecutionResult;
}

/**
 * Takes in results of jobs that nobody drives: closed with these executions undetermined, say, or told again because the Release was
 * lost. What a job has waiting goes to the store together. A closed job never opens again, so that the compare of its record is
 * all the claim there need be; the first result of an execution stands.
 */
export class LateResults {
  readonly #store: Store;
  readonly #jobs: JobStore;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #fenced: () => boolean;
  readonly #driven: (late: LateResult) => boolean;
  readonly #waiting = new Map<JobId, LateResult[]>();

  /** `driven` hands a result to the run that drives its job by now; false where none does. */
  constructor(options: {
    store: Store;
    jobs: JobStore;
    log: Log;
    signal: AbortSignal;
    fenced: () => boolean;
    driven: (late: LateResult) => boolean;
  }) {
    this.#store = options.store;
    this.#jobs = options.jobs;
    this.#log = options.log;
    this.#signal = options.signal;
    this.#fenced = options.fenced;
    this.#driven = options.driven;
  }

  add(late: LateResult): void {
    const id = parseExecutionId(late.execution);
    if (id === undefined) return;
    const waiting = this.#waiting.get(id.job);
    if (waiting) {
      waiting.push(late);
      return;
    }
    this.#waiting.set(id.job, [late]);
    void this.#work(id.job);
  }

  async #work(job: JobId): Promise<void> {
    while (!this.#signal.aborted) {
      const waiting = (this.#waiting.get(job) ?? []).filter((late) => late.session.live && !this.#driven(late));
      this.#waiting.set(job, waiting);
      if (waiting.length === 0) break;
      try {
        const settled = new Set(this.#fenced() ? [] : await this.#settle(job, waiting));
        const rest = (this.#waiting.get(job) ?? []).filter((late) => !settled.has(late));
        this.#waiting.set(job, rest);
        if (settled.size > 0) continue;
      } catch (error) {
        this.#log.warn({ err: error, 'job.id': job }, 'late results wait for the store');
      }
      await sleep(retryMs, this.#signal).catch(() => {});
    }
    this.#waiting.delete(job);
  }

  /** Those it released; none where the job is open: a coordinator has it, or will. */
  async #settle(job: JobId, waiting: readonly LateResult[]): Promise<readonly LateResult[]> {
    const stored = await this.#jobs.get(job);
    if (stored === undefined) return release(waiting, true);
    if (stored.record.state !== 'closed') return [];
    const indexes = new Map((await this.#jobs.targets(job)).map(({ uid }, index) => [uid as string, index]));
    const known = new Set<number>();
    for await (const { target } of this.#jobs.results(job)) known.add(target);
    const fresh = new Map<number, LateResult>();
    const told: LateResult[] = [];
    const unknown: LateResult[] = [];
    for (const late of waiting) {
      const index = parseExecutionId(late.execution)?.attempt === attempt ? indexes.get(late.session.uid) : undefined;
      if (index === undefined) unknown.push(late);
      else if (known.has(index)) told.push(late);
      else if (!fresh.has(index) && fresh.size < resultsACommit) fresh.set(index, late);
    }
    const settled = [...release(unknown, true), ...release(told, false)];
    if (fresh.size === 0 || !(await this.#write(job, stored.stateRevision, fresh))) return settled;
    return [...settled, ...release([...fresh.values()], false)];
  }

  async #write(job: JobId, stateRevision: number, fresh: ReadonlyMap<number, LateResult>): Promise<boolean> {
    const batch = [...fresh].map(([target, { result }]): [string, TargetResult] => {
      return [keys.result(job, stateRevision, target), { target, attempt, result }];
    });
    const { succeeded } = await this.#store.commit({
      if: [{ key: keys.state(job), modRevision: stateRevision }, ...batch.map(([key]) => ({ key, exists: false }))],
      then: batch.map(([key, result]) => ({ put: key, value: values.result.encode({ results: [result] }) })),
    });
    return succeeded;
  }
}

function release(results: readonly LateResult[], unknownJob: boolean): readonly LateResult[] {
  for (const { session, execution } of results) session.release([execution], unknownJob);
  return results;
}
