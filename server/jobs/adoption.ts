import type { JobId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { sleep } from '../../shared/time.ts';
import type { CoordinatorClaims } from './coordinator-claims.ts';
import type { JobStore } from './job-store.ts';

/** How often a replica looks for orphaned jobs. */
export const adoptEveryMs = 1000;

/** Claims every open job that nobody drives, now and whenever one is orphaned. */
export class Adoption {
  readonly #stored: JobStore;
  readonly #claims: CoordinatorClaims;
  readonly #log: Log;
  readonly #fenced: () => boolean;
  readonly #driven: (job: JobId) => boolean;
  readonly #drive: (job: JobId, createRevision: number) => Promise<void>;

  /** `driven`: this replica drives the job or is about to. `drive` is called for every job claimed. */
  constructor(options: {
    stored: JobStore;
    claims: CoordinatorClaims;
    log: Log;
    fenced: () => boolean;
    driven: (job: JobId) => boolean;
    drive: (job: JobId, createRevision: number) => Promise<void>;
  }) {
    this.#stored = options.stored;
    this.#claims = options.claims;
    this.#log = options.log;
    this.#fenced = options.fenced;
    this.#driven = options.driven;
    this.#drive = options.drive;
  }

  /** One round; rejects where the store can't say which jobs are open. A job that can't be read spoils no other. */
  async round(signal: AbortSignal): Promise<void> {
    if (this.#fenced()) return;
    for (const job of await this.#stored.openJobs()) {
      if (signal.aborted) return;
      if (this.#driven(job)) continue;
      try {
        const createRevision = await this.#claims.claim(job);
        if (createRevision !== undefined) await this.#drive(job, createRevision);
      } catch (error) {
        this.#log.warn({ err: error, 'job.id': job }, 'could not adopt an open job; trying again');
      }
    }
  }

  async loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(adoptEveryMs, signal).catch(() => {});
      await this.round(signal).catch((error: unknown) => {
        this.#log.warn({ err: error }, 'could not look for orphaned jobs');
      });
    }
  }
}
