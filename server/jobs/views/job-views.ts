import type { JobUpdate__Output } from '../../../proto/gen/muster/peer/v1/JobUpdate.ts';
import { MusterError } from '../../../shared/errors.ts';
import type { JobId } from '../../../shared/ids.ts';
import { decodeOrder } from '../../../shared/order.ts';
import type { Timer } from '../../../shared/time.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import { closedFacts, type JobFacts } from '../end-counts.ts';
import type { JobStore, StoredJob } from '../job-store.ts';
import { JobProgress } from '../progress.ts';
import type { MirrorPorts } from './job-mirror.ts';
import { JobView, type Patience } from './job-view.ts';

/** Somebody's hold on a job. */
export interface Followed {
  readonly progress: JobProgress;
  /** Once, when it is not looked at any more. */
  release(): void;
}

/** A view that was left stays for whoever asks again and again. */
const lingerMs = 5000;
const maxLingering = 32;

/**
 * What this replica knows of open jobs: one progress a job, shared by its run and all who follow it. It only moves forward, whoever
 * feeds it. A view lives while it is followed or driven; that of a closed job is each caller's own, read from the store.
 */
export class JobViews {
  readonly stored: JobStore;
  readonly #ports: MirrorPorts;
  readonly #undriven: (job: JobId) => void;
  readonly #views = new Map<JobId, JobView>();
  /** Views that nobody holds, longest first, and when they are dropped. */
  readonly #lingering = new Map<JobView, Timer>();
  readonly #loading = new Map<JobId, Promise<JobProgress | undefined>>();
  readonly #unsubscribe: () => void;
  #stopped = false;

  /** `undriven` is told of open jobs that this replica drives no longer. */
  constructor(options: MirrorPorts & { undriven: (job: JobId) => void }) {
    this.stored = options.stored;
    this.#ports = options;
    this.#undriven = options.undriven;
    this.#unsubscribe = options.coordinators.subscribe((job) => this.#views.get(job)?.look());
  }

  /** Open jobs that are in memory. */
  get size(): number {
    return this.#views.size;
  }

  /** The shared progress of an open job that is driven or followed here. */
  current(id: JobId): JobProgress | undefined {
    return this.#views.get(id)?.progress;
  }

  /** The shared progress of a job that a run of this replica feeds. */
  drivenHere(id: JobId): JobProgress | undefined {
    const view = this.#views.get(id);
    return view?.local ? view.progress : undefined;
  }

  /**
   * A run of this replica feeds the job from now on. Answers the object to feed: `progress`, or the one that is followed here
   * already, raised to what `progress` knows. That one may know ends which the store does not have yet: an earlier coordinator told
   * of them. Whoever drives the job must still store these (they are facts), and must not release them before.
   */
  driven(progress: JobProgress): JobProgress {
    const view = this.#views.get(progress.id) ?? this.#add(progress);
    this.#keep(view);
    view.drive(progress);
    return view.progress;
  }

  /** No run of this replica feeds it any more: deposed, or handed over. Whoever follows it notices nothing. */
  undriven(progress: JobProgress): void {
    const view = this.#views.get(progress.id);
    if (view?.progress !== progress || !view.local) return;
    this.#undriven(progress.id);
    view.leave();
    if (!view.followed) this.#drop(view);
  }

  /**
   * The job, live wherever it is driven, until released; one that is closed as the store has it. Where nobody who drives it is within
   * reach it is what the store knows, and becomes live once somebody is. Throws UNKNOWN_JOB, and STORE_UNAVAILABLE where it is not in
   * memory and can't be read.
   */
  async follow(id: JobId, signal: AbortSignal): Promise<Followed> {
    return await this.#follow(id, 'within-reach', signal);
  }

  /** The job as it is now, once whoever drives it has been given the time to say; undefined where there is none. */
  async snapshot(id: JobId, signal: AbortSignal): Promise<JobProgress | undefined> {
    try {
      const { progress, release } = await this.#follow(id, 'known', signal);
      release();
      return progress;
    } catch (error) {
      if (error instanceof MusterError && error.reason === 'UNKNOWN_JOB') return undefined;
      throw error;
    }
  }

  /**
   * The job as a whole; one that is closed comes without its executions being read. With a signal as live as `follow` has it, else as
   * it is in memory or in the store: for listings.
   */
  async facts(id: JobId, signal?: AbortSignal): Promise<JobFacts | undefined> {
    const current = this.drivenHere(id);
    if (current) return current;
    const job = await this.stored.get(id);
    if (job === undefined) return undefined;
    return (
      closedFacts(job) ?? (signal ? await this.snapshot(id, signal) : (this.current(id) ?? (await this.load(job))))
    );
  }

  /** The replica that drives the job; empty = nobody does. */
  coordinatorOf({ id, state }: Pick<JobFacts, 'id' | 'state'>): string {
    if (this.drivenHere(id)) return this.#ports.replica;
    return state === 'closed' ? '' : (this.#ports.coordinators.of(id)?.replica ?? '');
  }

  /** Whether what this replica has of the job is what its coordinator has, and not only what is in the store. */
  isLive({ id, state }: Pick<JobFacts, 'id' | 'state'>): boolean {
    return state === 'closed' || this.#views.get(id)?.live === true;
  }

  jobUpdate(link: PeerLink, update: JobUpdate__Output): void {
    this.#views.get(update.job as JobId)?.update(link, update);
  }

  jobNotHere(link: PeerLink, job: JobId): void {
    this.#views.get(job)?.notHere(link);
  }

  linkUp(): void {
    for (const view of [...this.#views.values()]) view.look();
  }

  linkDown(link: PeerLink): void {
    for (const view of [...this.#views.values()]) view.linkDown(link);
  }

  /** What the store has of a job: the first result of an execution stands. */
  async load(job: StoredJob): Promise<JobProgress> {
    const targets = await this.stored.targets(job.id);
    const progress = new JobProgress({ job, order: decodeOrder(job.orderBytes), targets });
    for await (const { target, result } of this.stored.results(job.id)) {
      const { state } = result;
      if (typeof state === 'string') progress.raise(target, state, { result });
    }
    return progress;
  }

  /** The replica stops: who follows a job here has to go elsewhere. */
  close(): void {
    this.#stopped = true;
    this.#unsubscribe();
    for (const view of [...this.#views.values()]) {
      view.fail(new MusterError('REPLICA_STOPPING', 'this replica stops; watch again'));
      this.#drop(view);
    }
  }

  /** The view of an open job, or the progress of a closed one. */
  async #read(id: JobId): Promise<JobView | JobProgress | undefined> {
    let loading = this.#loading.get(id);
    if (!loading) {
      loading = this.stored.get(id).then((job) => job && this.load(job));
      this.#loading.set(id, loading);
      const over = (): void => void this.#loading.delete(id);
      loading.then(over, over);
    }
    const progress = await loading;
    if (this.#stopped) throw new MusterError('REPLICA_STOPPING', 'this replica stops; ask again');
    const view = this.#views.get(id);
    if (view || progress === undefined) return view;
    return progress.state === 'closed' ? progress : this.#add(progress);
  }

  async #follow(id: JobId, patience: Patience, signal: AbortSignal): Promise<Followed> {
    signal.throwIfAborted();
    const view = this.#views.get(id) ?? (await this.#read(id));
    if (view === undefined) throw new MusterError('UNKNOWN_JOB', `no job ${id}`, { field: 'job_id' });
    if (view instanceof JobProgress) return { progress: view, release() {} };
    const followed = this.#hold(view);
    try {
      await view.whenTold(patience, signal);
    } catch (error) {
      followed.release();
      throw error;
    }
    return followed;
  }

  #add(progress: JobProgress): JobView {
    const view = new JobView({ progress, ports: this.#ports, over: (over) => this.#drop(over) });
    this.#views.set(progress.id, view);
    return view;
  }

  #hold(view: JobView): Followed {
    this.#keep(view);
    const leave = view.hold();
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      if (leave() && !view.local && this.#views.get(view.progress.id) === view) this.#linger(view);
    };
    return { progress: view.progress, release };
  }

  #keep(view: JobView): void {
    this.#lingering.get(view)?.cancel();
    this.#lingering.delete(view);
  }

  #linger(view: JobView): void {
    const timer = this.#ports.clock.after(lingerMs, () => this.#drop(view));
    this.#lingering.set(view, timer);
    const [longest] = this.#lingering.keys();
    if (longest && this.#lingering.size > maxLingering) this.#drop(longest);
  }

  #drop(view: JobView): void {
    this.#keep(view);
    view.close();
    if (this.#views.get(view.progress.id) === view) this.#views.delete(view.progress.id);
  }
}
