import type { JobId } from '../../shared/ids.ts';
import { type Clock, sleep } from '../../shared/time.ts';
import { keys, parseJobKey, parseJobOf, parseLatest } from '../store/keys.ts';
import type { Entry } from '../store/store.ts';
import type { Duty } from './duties.ts';
import { type LatestMark, outlived } from './latest-marks.ts';
import type { LeaderTerm } from './leader-term.ts';
import { deleteParts } from './retention.ts';

const hourMs = 3_600_000;
const keysAPage = 1000;
const getsACommit = 90;
/** So that sweeping takes little of the store while others work. */
const paceMs = 5;

/** A job that has chunks but no order, when it was first seen so. */
export interface Orphan {
  /** Create revision of its first key: another one means another submission. */
  readonly createRevision: number;
  readonly seenMs: number;
}

/** Whether what was seen of it before and now is the same submission, given up long enough ago. */
export function isAbandoned(before: Orphan | undefined, now: Orphan, ageMs: number): boolean {
  return before !== undefined && before.createRevision === now.createRevision && now.seenMs - before.seenMs >= ageMs;
}

/**
 * Removes what nobody will ever ask for: parts of jobs that never got their order, or whose forgetting was cut; keys of latest-wins
 * orders that closed; open marks of jobs that are not there.
 */
export class Sweeping implements Duty {
  readonly name = 'sweeping';
  readonly intervalMs: number;
  readonly #clock: Clock;
  readonly #ageMs: number;
  #orphans = new Map<JobId, Orphan>();

  constructor(options: { clock: Clock; ageMs?: number; intervalMs?: number }) {
    this.#clock = options.clock;
    this.#ageMs = options.ageMs ?? hourMs;
    this.intervalMs = options.intervalMs ?? hourMs / 2;
  }

  /** Whoever led meanwhile may have removed it, and it may have been submitted anew. */
  begin(): void {
    this.#orphans = new Map();
  }

  async round(term: LeaderTerm): Promise<Record<string, number> | undefined> {
    const parts = await this.#sweepParts(term);
    const latest = await this.#sweepLatest(term);
    const open = await this.#sweepOpen(term);
    return parts + latest + open > 0 ? { parts, latest, open } : undefined;
  }

  /** From the first key of one job to that of the next: an order sorts before all else. */
  async #sweepParts(term: LeaderTerm): Promise<number> {
    const seen = new Map<JobId, Orphan>();
    let swept = 0;
    let after: string | undefined;
    for (;;) {
      term.signal.throwIfAborted();
      const page = await term.store.list(keys.jobsPrefix, { limit: 1, ...(after !== undefined && { after }) });
      const [first] = page.entries;
      if (first === undefined) break;
      const parsed = parseJobKey(first.key);
      after = parsed === undefined ? first.key : keys.jobEnd(parsed.job);
      if (parsed === undefined || parsed.part === 'order') {
        await sleep(paceMs, term.signal);
        continue;
      }
      const { job } = parsed;
      const now: Orphan = { createRevision: first.createRevision, seenMs: this.#clock.monotonic() };
      const before = this.#orphans.get(job);
      if (isAbandoned(before, now, this.#ageMs)) {
        await deleteParts(term, job);
        swept += 1;
      } else seen.set(job, before?.createRevision === now.createRevision ? before : now);
    }
    this.#orphans = seen;
    return swept;
  }

  /** Keys of latest-wins orders that closed, once no job is open that has to see them. */
  async #sweepLatest(term: LeaderTerm): Promise<number> {
    const marks: LatestMark[] = [];
    for await (const entries of pages(term, keys.allLatestPrefix)) {
      const jobs = entries.map(({ key }) => parseLatest(key));
      const open = await standing(
        term,
        jobs.flatMap((job) => (job === undefined ? [] : [keys.open(job)])),
      );
      for (const [index, { key, createRevision }] of entries.entries()) {
        const job = jobs[index];
        if (job !== undefined) marks.push({ key, job, createRevision, open: open.has(keys.open(job)) });
      }
    }
    let swept = 0;
    for (const { key, job } of outlived(marks)) swept += await deleteWithout(term, key, keys.open(job));
    return swept;
  }

  /** Open marks of jobs that are not there. */
  async #sweepOpen(term: LeaderTerm): Promise<number> {
    let swept = 0;
    for await (const entries of pages(term, keys.openPrefix)) {
      const jobs = entries.flatMap(({ key }) => parseJobOf(key) ?? []);
      const orders = await standing(term, jobs.map(keys.order));
      for (const job of jobs)
        if (!orders.has(keys.order(job))) swept += await deleteWithout(term, keys.open(job), keys.order(job));
    }
    return swept;
  }
}

async function* pages(term: LeaderTerm, prefix: string): AsyncGenerator<readonly Entry[]> {
  let after: string | undefined;
  for (let more = true; more; ) {
    term.signal.throwIfAborted();
    const page = await term.store.list(prefix, { limit: keysAPage, ...(after !== undefined && { after }) });
    yield page.entries;
    after = page.entries.at(-1)?.key;
    more = page.more && after !== undefined;
  }
}

/** Those of the keys that are there. */
async function standing(term: LeaderTerm, wanted: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let from = 0; from < wanted.length; from += getsACommit) {
    const { entries } = await term.commit({ then: [], get: wanted.slice(from, from + getsACommit) });
    for (const entry of entries) if (entry) found.add(entry.key);
  }
  return found;
}

/** 1 where it is deleted. A mark and the key it needs are written in one transaction. */
async function deleteWithout(term: LeaderTerm, mark: string, needed: string): Promise<number> {
  const { succeeded } = await term.commit({ if: [{ key: needed, exists: false }], then: [{ delete: mark }] });
  return succeeded ? 1 : 0;
}
