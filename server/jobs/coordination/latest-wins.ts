import type { JobId } from '../../../shared/ids.ts';
import type { Log } from '../../../shared/log.ts';
import { sleep } from '../../../shared/time.ts';
import type { Target } from '../job-store.ts';
import type { LatestOrder, LatestOrders } from './latest-orders.ts';

const retryMs = 500;

/** A run whose order has a latest-wins key. */
export interface Outdatable {
  readonly over: AbortSignal;
  supersede(uids: Iterable<string>): void;
}

/** Tells each run of an order with a latest-wins key of the newer orders of that key: the nodes they have in common are theirs. */
export class LatestWins {
  readonly #orders: LatestOrders;
  readonly #targets: (job: JobId) => Promise<readonly Target[]>;
  readonly #log: Log;
  /** Runs of one key read the same newer order at once. */
  readonly #reading = new Map<JobId, Promise<readonly Target[]>>();

  constructor(options: {
    orders: LatestOrders;
    targets: (job: JobId) => Promise<readonly Target[]>;
    log: Log;
  }) {
    this.#orders = options.orders;
    this.#targets = options.targets;
    this.#log = options.log;
  }

  /** The nodes that are outdated in a job which is being adopted, as the store has it now. Rejects where it is away. */
  async outdated(latestKey: string, job: JobId): Promise<Set<string>> {
    const uids = new Set<string>();
    if (latestKey === '') return uids;
    for (const newer of await this.#orders.newerThan(latestKey, job))
      for (const { uid } of await this.#read(newer.job)) uids.add(uid);
    return uids;
  }

  /** Supersedes the run's nodes as newer orders come, until it is over. */
  follow(run: Outdatable, latestKey: string, job: JobId): void {
    if (latestKey === '') return;
    const unfollow = this.#orders.follow(latestKey, job, (newer) => void this.#supersede(run, newer));
    run.over.addEventListener('abort', unfollow, { once: true });
  }

  async #supersede(run: Outdatable, { job }: LatestOrder): Promise<void> {
    while (!run.over.aborted) {
      try {
        const targets = await this.#read(job);
        return run.supersede(targets.map(({ uid }) => uid));
      } catch (error) {
        this.#log.warn({ err: error, 'job.id': job }, 'the targets of a newer order wait for the store');
        await sleep(retryMs, run.over).catch(() => {});
      }
    }
  }

  #read(job: JobId): Promise<readonly Target[]> {
    let reading = this.#reading.get(job);
    if (!reading) {
      reading = this.#targets(job).finally(() => this.#reading.delete(job));
      this.#reading.set(job, reading);
    }
    return reading;
  }
}
