import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import { type ExecutionId, type JobId, parseExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { decodeOrder } from '../../shared/order.ts';
import { sleep } from '../../shared/time.ts';
import type { NodeSession } from '../fleet/node-session.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import { countEnds } from './end-counts.ts';
import type { JobStore, StoredJob, TargetResult } from './job-store.ts';
import { JobProgress } from './progress.ts';

const attempt = 1;
const retryMs = 1000;
/** Two operations and compares each, within the store's hundred. */
const resultsACommit = 40;
/** Results are a few KiB each, and wait for long where the store is away. */
const maxHeldASession = 512;
const maxHeld = 8192;

/** Where results go whose job the store has lost. */
export interface LostPlace {
  /** The store was found wiped: a job that it does not know may be one that it has lost. */
  readonly wanted: () => boolean;
  /** When it resolves all of them may be released. */
  readonly keep: (results: readonly LateResult[]) => Promise<void>;
}

/** A result that no run of this replica took, and who brought it. */
export interface LateResult {
  readonly session: NodeSession;
  readonly execution: ExecutionId;
  readonly result: ExecutionResult;
  /** Its end has been told of already, by the run that it came too late for. */
  readonly told?: boolean;
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
  readonly #lost: LostPlace;
  readonly #driven: (late: LateResult) => boolean;
  readonly #finished: (progress: JobProgress, index: number, result: ExecutionResult) => void;
  readonly #waiting = new Map<JobId, Map<ExecutionId, LateResult>>();
  /** Ends the pause of a job's results. */
  readonly #wake = new Map<JobId, () => void>();
  readonly #perSession = new Map<NodeSession, number>();
  #held = 0;

  /** `driven` hands a result to whoever drives its job by now, here or elsewhere; false where that is nobody within reach. */
  constructor(options: {
    store: Store;
    jobs: JobStore;
    log: Log;
    signal: AbortSignal;
    fenced: () => boolean;
    driven: (late: LateResult) => boolean;
    lost: LostPlace;
    /** Told of each result once it is in the store. */
    finished: (progress: JobProgress, index: number, result: ExecutionResult) => void;
  }) {
    this.#store = options.store;
    this.#jobs = options.jobs;
    this.#log = options.log;
    this.#signal = options.signal;
    this.#fenced = options.fenced;
    this.#lost = options.lost;
    this.#driven = options.driven;
    this.#finished = options.finished;
  }

  /** Beyond the bounds it is dropped: its agent tells it again in its next session. */
  add(late: LateResult): void {
    const { session, execution } = late;
    const id = parseExecutionId(execution);
    if (id === undefined) return;
    const waiting = this.#waiting.get(id.job);
    const before = waiting?.get(execution);
    if (before?.session === session) return;
    if (waiting && before) this.#forget(waiting, before);
    const ofSession = this.#perSession.get(session) ?? 0;
    if (this.#held >= maxHeld || ofSession >= maxHeldASession) return;
    this.#held += 1;
    this.#perSession.set(session, ofSession + 1);
    if (waiting) {
      waiting.set(execution, late);
      return;
    }
    const first = new Map([[execution, late]]);
    this.#waiting.set(id.job, first);
    void this.#work(id.job, first);
  }

  /** Somebody drives the job now: what waits of it is tried again at once. */
  retry(job: JobId): void {
    this.#wake.get(job)?.();
  }

  #forget(waiting: Map<ExecutionId, LateResult>, late: LateResult): void {
    const { session, execution } = late;
    if (waiting.get(execution) !== late) return;
    waiting.delete(execution);
    this.#held -= 1;
    const ofSession = (this.#perSession.get(session) ?? 0) - 1;
    if (ofSession > 0) this.#perSession.set(session, ofSession);
    else this.#perSession.delete(session);
  }

  async #work(job: JobId, waiting: Map<ExecutionId, LateResult>): Promise<void> {
    while (!this.#signal.aborted) {
      for (const late of [...waiting.values()])
        if (!late.session.live || this.#driven(late)) this.#forget(waiting, late);
      if (waiting.size === 0) break;
      try {
        const settled = this.#fenced() ? [] : await this.#settle(job, [...waiting.values()]);
        for (const late of settled) this.#forget(waiting, late);
        if (settled.length > 0) continue;
      } catch (error) {
        this.#log.warn({ err: error, 'job.id': job }, 'late results wait for the store');
      }
      await this.#pause(job);
    }
    this.#waiting.delete(job);
  }

  async #pause(job: JobId): Promise<void> {
    const woken = new AbortController();
    this.#wake.set(job, () => woken.abort());
    await sleep(retryMs, AbortSignal.any([this.#signal, woken.signal])).catch(() => {});
    this.#wake.delete(job);
  }

  /** Those it released; none where the job is open: a coordinator has it, or will. */
  async #settle(job: JobId, waiting: readonly LateResult[]): Promise<readonly LateResult[]> {
    const stored = await this.#jobs.get(job);
    if (stored === undefined) {
      if (this.#lost.wanted()) await this.#lost.keep(waiting);
      return release(waiting, true);
    }
    if (stored.record.state !== 'closed') return [];
    const [order, targets] = [decodeOrder(stored.orderBytes), await this.#jobs.targets(job)];
    const progress = new JobProgress({ job: stored, order, targets });
    const known = new Set<number>();
    for await (const { target } of this.#jobs.results(job)) known.add(target);
    const fresh = new Map<number, LateResult>();
    const told: LateResult[] = [];
    const unknown: LateResult[] = [];
    for (const late of waiting) {
      const index =
        parseExecutionId(late.execution)?.attempt === attempt ? progress.indexOf(late.session.uid) : undefined;
      if (index === undefined) unknown.push(late);
      else if (known.has(index)) told.push(late);
      else if (!fresh.has(index) && fresh.size < resultsACommit) fresh.set(index, late);
    }
    const settled = [...release(unknown, true), ...release(told, false)];
    if (fresh.size === 0 || !(await this.#write(stored, fresh))) return settled;
    for (const [index, { result, told }] of fresh) if (!told) this.#finished(progress, index, result);
    return [...settled, ...release([...fresh.values()], false)];
  }

  async #write(stored: StoredJob, fresh: ReadonlyMap<number, LateResult>): Promise<boolean> {
    if (this.#fenced()) return false;
    const { id: job, stateRevision, record } = stored;
    const states = [...fresh.values()].map(({ result }) => result.state);
    // One that closed without counts is counted by reading its results.
    const counts = 'UNDETERMINED' in record.counts ? countEnds(record.counts, states) : record.counts;
    const batch = [...fresh].map(([target, { result }]): [string, TargetResult] => {
      return [keys.result(job, stateRevision, target), { target, attempt, result }];
    });
    const { succeeded } = await this.#store.commit({
      if: [{ key: keys.state(job), modRevision: stateRevision }, ...batch.map(([key]) => ({ key, exists: false }))],
      then: [
        ...batch.map(([key, result]) => ({ put: key, value: values.result.encode({ results: [result] }) })),
        { put: keys.state(job), value: values.state.encode({ ...record, counts }) },
      ],
    });
    return succeeded;
  }
}

function release(results: readonly LateResult[], unknownJob: boolean): readonly LateResult[] {
  for (const { session, execution } of results) session.release([execution], unknownJob);
  return results;
}
