import type { JobId } from '../../../shared/ids.ts';
import type { Log } from '../../../shared/log.ts';
import { type Clock, sleep, type Timer } from '../../../shared/time.ts';
import type { CoordinatorClaims } from './coordinator-claims.ts';
import type { Claim } from './coordinator-fence.ts';
import type { Coordinators } from './coordinators.ts';

/** How often a replica looks for orphaned jobs that it could not claim when they became so. */
const lookEveryMs = 1000;
/** An orphan waits for a moment of its own at each replica that sees it: so they share many, however fast one of them is. */
const waitMs = 20;
const spreadMs = 100;
const spreadAnOrphanMs = 2;
const maxSpreadMs = 1000;
const atOnce = 4;

/**
 * Claims every open job that nobody drives: all there are at the start, and others as soon as their coordinator's key has gone.
 * Replicas that do so at once share the orphans: each goes through them in an order of its own and passes over what was claimed meanwhile.
 */
export class Adoption {
  readonly #coordinators: Coordinators;
  readonly #claims: CoordinatorClaims;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #fenced: () => boolean;
  readonly #driven: (job: JobId) => boolean;
  readonly #drive: (job: JobId, claim: Claim) => Promise<void>;
  readonly #orphans: JobId[] = [];
  readonly #queued = new Set<JobId>();
  readonly #adopting = new Set<JobId>();
  /** Keys of this process for jobs that it does not drive, as the last look found them, by create revision. */
  #own = new Map<JobId, number>();
  /** Orphans whose moment is still to come. */
  readonly #due = new Map<JobId, Timer>();
  #working = 0;

  /** `driven`: this replica drives the job or is about to. `drive` is called for every job claimed. */
  constructor(options: {
    coordinators: Coordinators;
    claims: CoordinatorClaims;
    clock: Clock;
    log: Log;
    random?: () => number;
    fenced: () => boolean;
    driven: (job: JobId) => boolean;
    drive: (job: JobId, claim: Claim) => Promise<void>;
  }) {
    this.#coordinators = options.coordinators;
    this.#claims = options.claims;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#random = options.random ?? Math.random;
    this.#fenced = options.fenced;
    this.#driven = options.driven;
    this.#drive = options.drive;
  }

  /** One round over all orphans there are. A job that can't be read spoils no other. */
  async round(signal: AbortSignal): Promise<void> {
    this.#look();
    await this.#work(signal);
  }

  /** Adopts until the signal: what becomes an orphan, and now and then whatever is one. */
  async follow(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.#coordinators.subscribe((job) => {
      if (this.#isOrphan(job) && !this.#due.has(job)) this.#wait(job, signal);
    });
    while (!signal.aborted) {
      await sleep(lookEveryMs, signal).catch(() => {});
      this.#look();
      void this.#work(signal);
    }
    unsubscribe();
    for (const timer of this.#due.values()) timer.cancel();
  }

  #wait(job: JobId, signal: AbortSignal): void {
    const spread = Math.min(maxSpreadMs, spreadMs + spreadAnOrphanMs * this.#due.size);
    const timer = this.#clock.after(waitMs + this.#random() * spread, () => {
      this.#due.delete(job);
      this.#queue(job);
      void this.#work(signal);
    });
    this.#due.set(job, timer);
  }

  #isOrphan(job: JobId): boolean {
    return this.#coordinators.isOpen(job) && this.#coordinators.of(job) === undefined && !this.#drivenHere(job);
  }

  #drivenHere(job: JobId): boolean {
    return this.#adopting.has(job) || this.#driven(job);
  }

  #queue(job: JobId): void {
    if (this.#queued.has(job)) return;
    this.#queued.add(job);
    this.#orphans.push(job);
  }

  #look(): void {
    const own = new Map<JobId, number>();
    for (const job of this.#coordinators.open()) {
      if (this.#isOrphan(job) && !this.#due.has(job)) this.#queue(job);
      const coordinator = this.#coordinators.of(job);
      if (coordinator?.claim !== this.#claims.claimId || this.#drivenHere(job)) continue;
      // A claim whose outcome was never learned; seen twice, so that it is none that is just being made or let go.
      if (this.#own.get(job) === coordinator.createRevision) this.#queue(job);
      own.set(job, coordinator.createRevision);
    }
    this.#own = own;
  }

  async #work(signal: AbortSignal): Promise<void> {
    const work = async (): Promise<void> => {
      for (let job = this.#take(); job !== undefined && !signal.aborted; job = this.#take()) await this.#adopt(job);
    };
    const workers: Promise<void>[] = [];
    while (this.#working + workers.length < atOnce && workers.length < this.#orphans.length) workers.push(work());
    this.#working += workers.length;
    await Promise.all(workers);
    this.#working -= workers.length;
  }

  #take(): JobId | undefined {
    const last = this.#orphans.pop();
    if (last === undefined) return undefined;
    const at = Math.floor(this.#random() * (this.#orphans.length + 1));
    const job = this.#orphans[at] ?? last;
    if (at < this.#orphans.length) this.#orphans[at] = last;
    this.#queued.delete(job);
    return job;
  }

  async #adopt(job: JobId): Promise<void> {
    const coordinator = this.#coordinators.of(job);
    const taken = coordinator !== undefined && coordinator.claim !== this.#claims.claimId;
    if (this.#fenced() || taken || this.#drivenHere(job) || !this.#coordinators.isOpen(job)) return;
    this.#adopting.add(job);
    try {
      const claim = await this.#claims.claim(job);
      if (claim !== undefined) await this.#drive(job, claim);
    } catch (error) {
      this.#log.warn({ err: error, 'job.id': job }, 'could not adopt an open job; trying again');
    } finally {
      this.#adopting.delete(job);
    }
  }
}
