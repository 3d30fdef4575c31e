import { setImmediate } from 'node:timers/promises';
import type { ExecutionUpdate } from '../../../proto/gen/muster/peer/v1/ExecutionUpdate.ts';
import type { JobUpdate } from '../../../proto/gen/muster/peer/v1/JobUpdate.ts';
import type { JobId } from '../../../shared/ids.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import type { JobProgress } from '../progress.ts';
import { executionWeight } from '../wire.ts';

const executionsAFrame = 500;
const frameBytes = 1024 * 1024;

/**
 * What other replicas are told of the jobs that this one drives: each watch begins with all that is not PENDING and goes on with every
 * change. Of a slow link nothing piles up but one mark a target and job.
 */
export class JobFeeds {
  readonly #driven: (job: JobId) => JobProgress | undefined;
  readonly #executionsAFrame: number;
  readonly #feeds = new Map<PeerLink, Map<JobId, JobFeed>>();

  /** `driven`: what a run of this replica feeds. */
  constructor(options: { driven: (job: JobId) => JobProgress | undefined; executionsAFrame?: number }) {
    this.#driven = options.driven;
    this.#executionsAFrame = options.executionsAFrame ?? executionsAFrame;
  }

  /** Watches that are being served. */
  get size(): number {
    let size = 0;
    for (const ofLink of this.#feeds.values()) size += ofLink.size;
    return size;
  }

  watchJob(link: PeerLink, job: JobId): void {
    this.unwatchJob(link, job);
    const progress = this.#driven(job);
    if (progress === undefined) return link.send({ jobNotHere: { job } });
    const ofLink = this.#feeds.get(link) ?? new Map<JobId, JobFeed>();
    const feed = new JobFeed({ link, progress, executionsAFrame: this.#executionsAFrame });
    this.#feeds.set(link, ofLink.set(job, feed));
    void feed.run().finally(() => this.#forget(link, job, feed));
  }

  unwatchJob(link: PeerLink, job: JobId): void {
    const feed = this.#feeds.get(link)?.get(job);
    if (feed) this.#forget(link, job, feed);
  }

  linkDown(link: PeerLink): void {
    for (const job of [...(this.#feeds.get(link)?.keys() ?? [])]) this.unwatchJob(link, job);
  }

  /** This replica drives the job no longer, though it is open: whoever watches it here has to look elsewhere. */
  undriven(job: JobId): void {
    for (const [link, ofLink] of [...this.#feeds]) {
      if (!ofLink.has(job)) continue;
      this.unwatchJob(link, job);
      link.send({ jobNotHere: { job } });
    }
  }

  #forget(link: PeerLink, job: JobId, feed: JobFeed): void {
    feed.close();
    const ofLink = this.#feeds.get(link);
    if (ofLink?.get(job) !== feed) return;
    ofLink.delete(job);
    if (ofLink.size === 0) this.#feeds.delete(link);
  }
}

/** One job on its way over one link, until it is closed and that has been said. */
class JobFeed {
  readonly #link: PeerLink;
  readonly #progress: JobProgress;
  readonly #executionsAFrame: number;
  readonly #dirty = new Set<number>();
  readonly #unsubscribe: () => void;
  #jobDirty = true;
  #snapshotDue = true;
  #wake: (() => void) | undefined;
  #over = false;

  constructor(options: { link: PeerLink; progress: JobProgress; executionsAFrame: number }) {
    const { link, progress } = options;
    this.#link = link;
    this.#progress = progress;
    this.#executionsAFrame = options.executionsAFrame;
    for (const index of progress.targets.keys())
      if (progress.stateAt(index) !== 'EXECUTION_STATE_PENDING') this.#dirty.add(index);
    this.#unsubscribe = progress.subscribe((change) => {
      if (change === 'job') this.#jobDirty = true;
      else this.#dirty.add(change);
      this.#wakeUp();
    });
  }

  async run(): Promise<void> {
    for (;;) {
      const idle = this.#dirty.size === 0 && !this.#jobDirty && !this.#snapshotDue;
      if (idle) await this.#change();
      // Rejects when the link is down: nobody listens any more.
      else await this.#link.drained().catch(() => this.close());
      if (this.#over) return;
      if (idle) continue;
      const update = this.#next();
      this.#link.send({ jobUpdate: update });
      if (update.change?.state === 'closed') return;
    }
  }

  close(): void {
    this.#over = true;
    this.#unsubscribe();
    this.#wakeUp();
  }

  /** What else comes in that turn of the loop shares the frame: executions change by the thousand. */
  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await setImmediate();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** States as they are now; what the job itself is comes behind the last of them. */
  #next(): JobUpdate {
    const executions: ExecutionUpdate[] = [];
    let bytes = 0;
    for (const index of this.#dirty) {
      const result = this.#progress.resultAt(index) ?? null;
      bytes += executionWeight({ result });
      if (executions.length > 0 && bytes > frameBytes) break;
      this.#dirty.delete(index);
      const [state, startedUnixMs] = [this.#progress.stateAt(index), this.#progress.startedAt(index)];
      if (executions.push({ target: index, attempt: 1, state, startedUnixMs, result }) === this.#executionsAFrame)
        break;
    }
    const update = { job: this.#progress.id, executions };
    if (this.#dirty.size > 0) return update;
    const { state, reason, closedUnixMs } = this.#progress;
    const [snapshotEnd, change] = [this.#snapshotDue, this.#jobDirty ? { state, reason, closedUnixMs } : null];
    this.#snapshotDue = false;
    this.#jobDirty = false;
    return { ...update, snapshotEnd, change };
  }
}
