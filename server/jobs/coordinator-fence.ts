import type { JobId } from '../../shared/ids.ts';

const maxJobs = 100_000;

/**
 * The highest create revision of a coordinator that this replica has heard of, by job: whoever speaks with a lower one has been
 * succeeded and is not obeyed, be it another replica or a run of this one. Bounded: what was longest not heard of is forgotten.
 */
export class CoordinatorFence {
  readonly #highest = new Map<JobId, number>();
  readonly #maxJobs: number;

  constructor(options: { maxJobs?: number } = {}) {
    this.#maxJobs = options.maxJobs ?? maxJobs;
  }

  /** Hears a coordinator; false where a later one has spoken. */
  admits(job: JobId, createRevision: number): boolean {
    const highest = Math.max(createRevision, this.highest(job));
    this.#highest.delete(job);
    this.#highest.set(job, highest);
    if (this.#highest.size > this.#maxJobs) {
      const [longest] = this.#highest.keys();
      if (longest !== undefined) this.#highest.delete(longest);
    }
    return createRevision >= highest;
  }

  /** 0 = nobody was heard of. */
  highest(job: JobId): number {
    return this.#highest.get(job) ?? 0;
  }

  /** The store begins another life, in which revisions may be lower than they were. */
  forget(): void {
    this.#highest.clear();
  }
}
