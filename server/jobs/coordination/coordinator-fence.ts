import type { JobId } from '../../../shared/ids.ts';
import { compareEpochs } from '../../fleet/epoch.ts';

const maxJobs = 100_000;

/**
 * A coordinator's claim of a job: the era of the store in which it was made, and the create revision of its key. Of two the later
 * one has the higher era or, in one era, the higher revision: after a wipe or a restore revisions begin anew.
 */
export interface Claim {
  readonly era: number;
  readonly revision: number;
}

const nobody: Claim = { era: 0, revision: 0 };

/** As frames between replicas bear it. */
export const claimFields = ({ era, revision }: Claim): { era: number; coordinatorRevision: number } => ({
  ...{ era, coordinatorRevision: revision },
});

export const claimOf = (frame: { readonly era: number; readonly coordinatorRevision: number }): Claim => ({
  ...{ era: frame.era, revision: frame.coordinatorRevision },
});

/** `claim` was made after `other`. */
export const isLater = (claim: Claim, other: Claim): boolean => compareEpochs(claim, other) > 0;

/**
 * The latest claim that this replica has heard of, by job: whoever speaks with an earlier one has been succeeded and is not obeyed,
 * be it another replica or a run of this one. Bounded: what was longest not heard of is forgotten.
 */
export class CoordinatorFence {
  readonly #latest = new Map<JobId, Claim>();
  readonly #maxJobs: number;

  constructor(options: { maxJobs?: number } = {}) {
    this.#maxJobs = options.maxJobs ?? maxJobs;
  }

  /** Hears a coordinator; false where a later one has spoken. */
  admits(job: JobId, claim: Claim): boolean {
    const before = this.latest(job);
    const latest = isLater(before, claim) ? before : claim;
    this.#latest.delete(job);
    this.#latest.set(job, latest);
    if (this.#latest.size > this.#maxJobs) {
      const [longest] = this.#latest.keys();
      if (longest !== undefined) this.#latest.delete(longest);
    }
    return latest === claim;
  }

  /** Zeros = nobody was heard of. */
  latest(job: JobId): Claim {
    return this.#latest.get(job) ?? nobody;
  }
}
