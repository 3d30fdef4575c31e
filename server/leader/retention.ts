import type { JobRecord__Output } from '../../proto/gen/muster/store/v1/JobRecord.ts';
import type { JobId } from '../../shared/ids.ts';
import { decodeOrder } from '../../shared/order.ts';
import type { Clock } from '../../shared/time.ts';
import { keys, parseSubmitted } from '../store/keys.ts';
import type { Entry } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { Duty } from './duties.ts';
import type { LeaderTerm } from './leader-term.ts';

const dayMs = 86_400_000;
/** A result may still come for so long after the order expired. */
export const lateResultsMs = 7 * dayMs;
const jobsAPage = 40;

/** What decides whether a job is forgotten. */
export interface RetainedJob {
  readonly state: string;
  readonly closedUnixMs: number;
  /** Executions whose results are not in. */
  readonly undetermined: number;
  readonly expiresUnixMs: number;
}

/** A closed job is forgotten when its time is up and nothing more can come: all its results are in, or none is waited for any more. */
export function isForgotten(job: RetainedJob, nowUnixMs: number, retentionMs: number): boolean {
  if (job.state !== 'closed' || nowUnixMs < job.closedUnixMs + retentionMs) return false;
  return job.undetermined === 0 || nowUnixMs >= job.expiresUnixMs + lateResultsMs;
}

/** Forgets jobs, oldest first, so long after they closed. A round that is cut leaves no half of a job to be seen; the sweep gets the rest. */
export class Retention implements Duty {
  readonly name = 'retention';
  readonly intervalMs: number;
  readonly #clock: Clock;
  readonly #retentionMs: number;

  constructor(options: { clock: Clock; retentionMs: number; intervalMs?: number }) {
    this.#clock = options.clock;
    this.#retentionMs = options.retentionMs;
    this.intervalMs = options.intervalMs ?? Math.min(60_000, options.retentionMs);
  }

  async round(term: LeaderTerm): Promise<Record<string, number> | undefined> {
    let forgotten = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      term.signal.throwIfAborted();
      const page = await term.store.list(keys.submittedPrefix, {
        limit: jobsAPage,
        ...(after !== undefined && { after }),
      });
      // By time of submission; a job closes later than that.
      const due = page.entries.filter(({ key }) => submittedUnixMs(key) + this.#retentionMs <= this.#clock.now());
      forgotten += await this.#forgetOf(term, due);
      after = page.entries.at(-1)?.key;
      more = page.more && due.length === page.entries.length && after !== undefined;
    }
    return forgotten > 0 ? { jobs: forgotten } : undefined;
  }

  async #forgetOf(term: LeaderTerm, submitted: readonly Entry[]): Promise<number> {
    let forgotten = 0;
    const jobs = submitted.flatMap((entry) => {
      const job = parseSubmitted(entry.key);
      return job === undefined ? [] : [{ job, submittedKey: entry.key }];
    });
    if (jobs.length === 0) return 0;
    const { entries } = await term.commit({
      then: [],
      get: jobs.flatMap(({ job }) => [keys.order(job), keys.state(job)]),
    });
    for (const [index, { job, submittedKey }] of jobs.entries()) {
      const [order, state] = [entries[2 * index], entries[2 * index + 1]];
      if (order === undefined || state === undefined) {
        await term.commit({ if: [{ key: keys.order(job), exists: false }], then: [{ delete: submittedKey }] });
        continue;
      }
      if (!isForgotten(retainedJob(order, state), this.#clock.now(), this.#retentionMs)) continue;
      if (await forget(term, job, submittedKey, state)) forgotten += 1;
    }
    return forgotten;
  }
}

/** First what makes it a job, in one transaction: whoever asks is told UNKNOWN_JOB from then on. */
async function forget(term: LeaderTerm, job: JobId, submittedKey: string, state: Entry): Promise<boolean> {
  const { succeeded } = await term.commit({
    if: [
      { key: state.key, modRevision: state.modRevision },
      { key: keys.open(job), exists: false },
    ],
    then: [{ delete: keys.order(job) }, { delete: keys.state(job) }, { delete: submittedKey }],
  });
  if (succeeded) await deleteParts(term, job);
  return succeeded;
}

/** What is left of a job that has no order (any more), in transactions of one kind of key each. */
export async function deleteParts(term: LeaderTerm, job: JobId): Promise<void> {
  for (const prefix of [keys.resultPrefix(job), keys.stdinPrefix(job), keys.targetPrefix(job), keys.jobPrefix(job)]) {
    await term.commit({ if: [{ key: keys.order(job), exists: false }], then: [{ deletePrefix: prefix }] });
  }
}

function retainedJob(order: Entry, state: Entry): RetainedJob {
  const record: JobRecord__Output = values.state.decode(state.value);
  const { planCount, expiresUnixMs } = decodeOrder(values.order.decode(order.value).order);
  const { closedUnixMs, counts } = record;
  // Records of older versions say nothing of it.
  const undetermined = counts.UNDETERMINED ?? planCount;
  return { state: record.state, closedUnixMs, undetermined, expiresUnixMs };
}

const submittedUnixMs = (key: string): number =>
  Number(/^submitted\/(\d+)-/.exec(key)?.[1] ?? Number.POSITIVE_INFINITY);
