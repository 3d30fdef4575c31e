import type { JobId } from '../../shared/ids.ts';
import { type Clock, sleep } from '../../shared/time.ts';
import { keys, parseJobKey, parseJobOf, parseLatest } from '../store/keys.ts';
import type { Entry } from '../store/store.ts';
import type { Duty } from './duties.ts';
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
    const latest = await this.#sweepMarks(term, keys.allLatestPrefix, parseLatest, keys.open);
    const open = await this.#sweepMarks(term, keys.openPrefix, parseJobOf, keys.order);
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

  /** Deletes the marks under `prefix` whose job has no key `needed`. Both are written in one transaction. */
  async #sweepMarks(
    term: LeaderTerm,
    prefix: string,
    jobOf: (key: string) => JobId | undefined,
    needed: (job: JobId) => string,
  ): Promise<number> {
    let swept = 0;
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = await term.store.list(prefix, { limit: keysAPage, ...(after !== undefined && { after }) });
      for (let from = 0; from < page.entries.length; from += getsACommit) {
        swept += await sweepSome(term, page.entries.slice(from, from + getsACommit), jobOf, needed);
      }
      after = page.entries.at(-1)?.key;
      more = page.more && after !== undefined;
    }
    return swept;
  }
}

async function sweepSome(
  term: LeaderTerm,
  marks: readonly Entry[],
  jobOf: (key: string) => JobId | undefined,
  needed: (job: JobId) => string,
): Promise<number> {
  const known = marks.flatMap(({ key }) => {
    const job = jobOf(key);
    return job === undefined ? [] : [{ key, needs: needed(job) }];
  });
  const { entries } = await term.commit({ then: [], get: known.map(({ needs }) => needs) });
  let swept = 0;
  for (const { key, needs } of known.filter((_, index) => entries[index] === undefined)) {
    const { succeeded } = await term.commit({ if: [{ key: needs, exists: false }], then: [{ delete: key }] });
    if (succeeded) swept += 1;
  }
  return swept;
}
