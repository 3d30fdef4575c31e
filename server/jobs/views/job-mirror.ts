import type { JobUpdate__Output } from '../../../proto/gen/muster/peer/v1/JobUpdate.ts';
import { MusterError } from '../../../shared/errors.ts';
import type { JobId } from '../../../shared/ids.ts';
import type { Log } from '../../../shared/log.ts';
import { type Clock, fullJitterMs, type Timer } from '../../../shared/time.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import { boundedResult } from '../bounded-result.ts';
import type { JobStore } from '../job-store.ts';
import { type JobProgress, jobStateOf } from '../progress.ts';

/** Which jobs are open and who drives them, as the store's watch tells it; still there, if old, while the store is away. */
export interface CoordinatorMap {
  of(job: JobId): { readonly replica: string; readonly createRevision: number } | undefined;
  isOpen(job: JobId): boolean;
  /** Calls `listener` whenever what it says of a job has changed, until the returned function is called. */
  subscribe(listener: (job: JobId) => void): () => void;
}

export interface MirrorPorts {
  readonly coordinators: CoordinatorMap;
  /** The live link to another replica. */
  readonly link: (replica: string) => PeerLink | undefined;
  /** Our own name. */
  readonly replica: string;
  readonly stored: JobStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long the coordinator's own word of the end is waited for when the store says that the job is closed. */
const lastWordMs = 1000;
const retryBaseMs = 50;
const retryCapMs = 2000;
/** So many refusals in a row, and the store is asked what the job is. */
const refusalsAStoreRead = 3;
/** What the store has is looked through so often while the coordinator is out of reach; of a large job less often. */
const pollBaseMs = 3000;
const pollMsATarget = 1;

/**
 * Feeds the progress of one open job that another replica drives: watches it there over the link, there again after every change
 * of coordinator and link, and takes its end from the store where nobody drives it any more. Thrown away when a run of this replica takes
 * over, when the job is closed and when nobody looks.
 */
export class JobMirror {
  readonly #progress: JobProgress;
  readonly #ports: MirrorPorts;
  readonly #live: () => void;
  /** Where the job is being watched. */
  #watching: PeerLink | undefined;
  /** It has told all it knew. */
  #told = false;
  #timer: Timer | undefined;
  /** Runs while there is a coordinator and no link to it: its results still come by way of the store. */
  #poll: Timer | undefined;
  #failures = 0;
  #refusals = 0;
  #reading = false;
  #awaitsLastWord = false;
  #over = false;

  /** `live` is called whenever a coordinator has said all it knew when the watch of it began. */
  constructor(options: { progress: JobProgress; ports: MirrorPorts; live: () => void }) {
    this.#progress = options.progress;
    this.#ports = options.ports;
    this.#live = options.live;
  }

  /** Goes where the job is driven now. To be called whenever that, or the links there are, may have changed. */
  look(): void {
    if (this.#over) return;
    const { coordinators, link, replica } = this.#ports;
    const { id } = this.#progress;
    const at = coordinators.of(id);
    if (at === undefined) return coordinators.isOpen(id) ? undefined : this.#lookForEnd();
    this.#awaitsLastWord = false;
    // Until another one is heard of, whoever drove it last may still have something to tell.
    const there = at.replica === replica ? undefined : link(at.replica);
    if (there === undefined) return this.#pollLater();
    if (there === this.#watching) return;
    this.#leave();
    this.#poll?.cancel();
    this.#poll = undefined;
    this.#watching = there;
    this.#told = false;
    there.send({ watchJob: { job: id } });
  }

  /** What the coordinator knows is known here. */
  get live(): boolean {
    return this.#told && this.#watching?.live === true;
  }

  update(from: PeerLink, { executions, change, snapshotEnd }: JobUpdate__Output): void {
    if (this.#over) return;
    const progress = this.#progress;
    for (const { target, attempt, state, startedUnixMs, result } of executions) {
      if (attempt !== 1 || target >= progress.targets.length) continue;
      // The frame's memory is not to be kept.
      progress.raise(target, state, { startedUnixMs, ...(result && { result: boundedResult(result) }) });
    }
    if (from === this.#watching && snapshotEnd) {
      this.#failures = 0;
      this.#refusals = 0;
      this.#told = true;
      this.#live();
    }
    const state = change && jobStateOf(change.state);
    if (state) progress.setJob(state, change.reason, change.closedUnixMs);
  }

  /** The other replica does not drive the job: it is on its way elsewhere, just claimed, or closed. */
  notHere(from: PeerLink): void {
    if (from !== this.#watching) return;
    this.#watching = undefined;
    this.#refusals += 1;
    if (this.#refusals % refusalsAStoreRead === 0) void this.#readEnd();
    else this.#lookLater();
  }

  linkDown(link: PeerLink): void {
    if (link === this.#watching) this.#watching = undefined;
    this.look();
  }

  close(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#poll?.cancel();
    this.#leave();
  }

  #leave(): void {
    if (this.#watching?.live) this.#watching.send({ unwatchJob: { job: this.#progress.id } });
    this.#watching = undefined;
  }

  #lookForEnd(): void {
    if (!this.#watching?.live || this.#awaitsLastWord) return void this.#readEnd();
    this.#awaitsLastWord = true;
    this.#lookIn(lastWordMs);
  }

  #pollLater(): void {
    const ms = pollBaseMs + fullJitterMs(1, pollBaseMs / 2, pollBaseMs) + pollMsATarget * this.#progress.targets.length;
    this.#poll ??= this.#ports.clock.after(ms, () => {
      this.#poll = undefined;
      void this.#readEnd(true);
    });
  }

  /** All results first, so that whoever sees the job closed has seen its executions. `open`: also those of a job that is not. */
  async #readEnd(open = false): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      await this.#takeStored(open);
      if (!this.#over) this.#lookLater();
    } catch (error) {
      this.#ports.log.debug({ err: error, 'job.id': this.#progress.id }, 'a followed job waits for the store');
      if (!this.#over) this.#lookLater();
    } finally {
      this.#reading = false;
    }
  }

  async #takeStored(open: boolean): Promise<void> {
    const { stored } = this.#ports;
    const { id } = this.#progress;
    const job = await stored.get(id);
    if (this.#over) return;
    if (job === undefined)
      return this.#progress.fail(new MusterError('UNKNOWN_JOB', `job ${id} is not in the store any more`));
    const { state, reason, closedUnixMs } = job.record;
    if (state !== 'closed' && !open) return;
    for await (const { target, result } of stored.results(id)) {
      if (this.#over) return;
      if (typeof result.state === 'string') this.#progress.raise(target, result.state, { result });
    }
    const now = jobStateOf(state);
    if (now && !this.#over) this.#progress.setJob(now, reason, closedUnixMs);
  }

  #lookLater(): void {
    this.#failures += 1;
    this.#lookIn(retryBaseMs + fullJitterMs(this.#failures, retryBaseMs, retryCapMs));
  }

  #lookIn(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#ports.clock.after(ms, () => this.look());
  }
}
