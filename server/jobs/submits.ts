import { MusterError } from '../../shared/errors.ts';
import type { JobId } from '../../shared/ids.ts';
import type { Clock } from '../../shared/time.ts';
import type { Directory } from '../fleet/directory.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { CoordinatorClaims } from './coordination/coordinator-claims.ts';
import type { Claim } from './coordination/coordinator-fence.ts';
import { type StoredJob, submitOperations, type Target } from './job-store.ts';
import { JobProgress } from './progress.ts';
import { nextOfferedBelow } from './run/rollout.ts';
import type { BeginOptions } from './run/run-options.ts';
import { StoreDeadline } from './store-deadline.ts';
import { type CheckedSubmission, checkSubmission, type Submission } from './submit.ts';
import type { JobViews } from './views/job-views.ts';

/** The store as a whole. */
export interface ClusterStanding {
  /** It was found wiped, and no operator has confirmed that yet: read-only. */
  readonly unconfirmed: boolean;
  /** A job that it does not know may be one that it has lost. */
  readonly mayHaveLostJobs: boolean;
}

export interface SubmitsOptions {
  readonly store: Store;
  readonly views: JobViews;
  readonly directory: Directory;
  readonly claims: CoordinatorClaims;
  readonly clock: Clock;
  readonly cluster: ClusterStanding;
  readonly fenced: () => boolean;
  /** Drives the job that was just submitted. */
  readonly run: (job: StoredJob, options: BeginOptions, claim: Claim) => JobProgress;
}

/** Submissions to this replica: each becomes one job, however often it is sent. */
export class Submits {
  readonly #options: SubmitsOptions;
  /** Their coordinator key may be ours already. */
  readonly #coming = new Map<JobId, Promise<void>>();

  constructor(options: SubmitsOptions) {
    this.#options = options;
  }

  /** It is being submitted here. */
  isComing(job: JobId): boolean {
    return this.#coming.has(job);
  }

  /**
   * Stores the order and starts its job; of the same id and bytes it answers the job there is. Throws what `checkSubmission` does,
   * ID_CONFLICT, STORE_UNCONFIRMED, STORE_FULL and, within 1.8 s of the last thing that the store took, STORE_UNAVAILABLE.
   */
  async submit(submission: Submission): Promise<{ progress: JobProgress; existed: boolean }> {
    const { clock, cluster, directory, fenced } = this.#options;
    const now = clock.now();
    const nameOf = (uid: Target['uid']): string | undefined => directory.get(uid)?.name;
    const checked = checkSubmission(submission, now, nameOf);
    const { id } = checked.order;
    const deadline = new StoreDeadline({ clock });
    const work = this.#alone(id, async () => {
      deadline.check();
      const before = await this.#sameJob(id, submission.orderBytes);
      if (before) return before;
      if (cluster.unconfirmed) {
        const message = 'the store was found wiped; it takes no jobs until an operator says muster cluster confirm';
        throw new MusterError('STORE_UNCONFIRMED', message);
      }
      if (fenced()) throw new MusterError('STORE_UNAVAILABLE', 'this replica has lost touch with the store');
      const progress = await this.#create(submission, checked, now, deadline);
      if (progress) return { progress, existed: false };
      deadline.check();
      const other = await this.#sameJob(id, submission.orderBytes);
      if (other) return other;
      throw new MusterError('CONFLICT', 'the same order is being submitted elsewhere; submit it again');
    });
    return await deadline.bound(work);
  }

  /** Undefined where somebody else was faster. */
  async #create(
    submission: Submission,
    checked: CheckedSubmission,
    now: number,
    deadline: StoreDeadline,
  ): Promise<JobProgress | undefined> {
    deadline.check();
    const { store, views, claims, run } = this.#options;
    const { order, targets, tree } = checked;
    const { orderBytes, signature, traceparent, stdin } = submission;
    const offeredBelow = nextOfferedBelow(0, targets.length, order.rollout.maxConcurrency);
    const record = { state: 'open', offeredBelow };
    const chunks = await views.stored.putChunks(order.id, targets, stdin, () => deadline.renew());
    deadline.check();
    const { latestKey } = order;
    const job = { id: order.id, orderBytes, signature, submittedUnixMs: now, traceparent, ...chunks.counts };
    const { succeeded, revision, entries } = await store.commit({
      if: [{ key: keys.order(order.id), exists: false }, ...chunks.compares],
      then: [...chunks.operations, ...submitOperations({ ...job, record, latestKey }), ...claims.operations(order.id)],
      get: claims.reads,
    });
    if (!succeeded) return undefined;
    const stored: StoredJob = {
      ...job,
      record: values.state.decode(values.state.encode(record)),
      stateRevision: revision,
    };
    const progress = new JobProgress({ job: stored, order, targets });
    return run(stored, { progress, stdin, tree, adopted: false, stored: new Set() }, claims.made(revision, entries));
  }

  async #sameJob(id: JobId, orderBytes: Buffer): Promise<{ progress: JobProgress; existed: true } | undefined> {
    const { views } = this.#options;
    const job = await views.stored.get(id);
    if (job === undefined) return undefined;
    if (!job.orderBytes.equals(orderBytes)) {
      throw new MusterError('ID_CONFLICT', `order.id: job ${id} exists with other bytes`, { field: 'order.id' });
    }
    return { progress: views.current(id) ?? (await views.load(job)), existed: true };
  }

  /** One submit of a job at a time, and no adoption meanwhile. */
  async #alone<Value>(job: JobId, work: () => Promise<Value>): Promise<Value> {
    for (let other = this.#coming.get(job); other; other = this.#coming.get(job)) await other;
    const turn = work();
    const over = (): void => void this.#coming.delete(job);
    this.#coming.set(job, turn.then(over, over));
    return await turn;
  }
}
