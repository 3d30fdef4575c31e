import type { JobUpdate__Output } from '../../proto/gen/muster/peer/v1/JobUpdate.ts';
import { MusterError } from '../../shared/errors.ts';
import type { JobId } from '../../shared/ids.ts';
import { decodeOrder } from '../../shared/order.ts';
import type { Timer } from '../../shared/time.ts';
import type { PeerLink } from '../peers/peer-link.ts';
import { closedFacts, type JobFacts } from './end-counts.ts';
import { JobMirror, type MirrorPorts } from './job-mirror.ts';
import type { JobStore, StoredJob } from './job-store.ts';
import { JobProgress } from './progress.ts';

/** Somebody's hold on a job. */
export interface Followed {
  readonly progress: JobProgress;
  /** Once, when it is not looked at any more. */
  release(): void;
}

/** One open job as this replica sees it. */
interface View {
  readonly progress: JobProgress;
  followers: number;
  /** A run of this replica feeds it. */
  local: boolean;
  /** Feeds it where no run of this replica does. */
  mirror: JobMirror | undefined;
  /** The coordinator as last told. */
  shown: string;
  /** Resolved once somebody has told what goes on, beyond what the store knew. */
  readonly live: PromiseWithResolvers<void>;
  /** Runs out when nobody came back to it. */
  linger: Timer | undefined;
  readonly unsubscribe: () => void;
}

/** A view that was left stays for whoever asks again and again. */
const lingerMs = 5000;
const maxLingering = 32;
/** How long a coordinator may take to tell where its job stands, before the view goes without. */
const liveWithinMs = 2000;

/**
 * What this replica knows of open jobs: one progress a job, shared by its run and all who follow it. It only moves forward, whoever
 * feeds it. A view lives while it is followed or driven; that of a closed job is each caller's own, read from the store.
 */
export class JobViews {
  readonly stored: JobStore;
  readonly #ports: MirrorPorts;
  readonly #undriven: (job: JobId) => void;
  readonly #views = new Map<JobId, View>();
  /** Views that nobody holds, longest first. */
  readonly #lingering = new Set<View>();
  readonly #loading = new Map<JobId, Promise<JobProgress | undefined>>();
  readonly #unsubscribe: () => void;
  #stopped = false;

  /** `undriven` is told of open jobs that this replica drives no longer. */
  constructor(options: MirrorPorts & { undriven: (job: JobId) => void }) {
    this.stored = options.stored;
    this.#ports = options;
    this.#undriven = options.undriven;
    this.#unsubscribe = options.coordinators.subscribe((job) => this.#moved(job));
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
    if (view.progress !== progress) view.progress.merge(progress);
    view.local = true;
    view.mirror?.close();
    view.mirror = undefined;
    view.live.resolve();
    this.#keep(view);
    this.#show(view);
    return view.progress;
  }

  /** No run of this replica feeds it any more: deposed, or handed over. Whoever follows it notices nothing. */
  undriven(progress: JobProgress): void {
    const view = this.#views.get(progress.id);
    if (view?.progress !== progress || !view.local) return;
    view.local = false;
    this.#undriven(progress.id);
    if (view.followers === 0) this.#drop(view);
    else {
      this.#mirror(view);
      this.#show(view);
    }
  }

  /**
   * The job, live wherever it is driven, until released; one that is closed as the store has it. Throws UNKNOWN_JOB, and
   * STORE_UNAVAILABLE where it is not in memory and can't be read.
   */
  async follow(id: JobId, signal: AbortSignal): Promise<Followed> {
    signal.throwIfAborted();
    const view = this.#views.get(id) ?? (await this.#read(id));
    if (view === undefined) throw new MusterError('UNKNOWN_JOB', `no job ${id}`, { field: 'job_id' });
    if (view instanceof JobProgress) return { progress: view, release() {} };
    const followed = this.#hold(view);
    try {
      await this.#live(view, signal);
    } catch (error) {
      followed.release();
      throw error;
    }
    return followed;
  }

  /** The job as it is now; undefined where there is none. Waits for nobody who is not there. */
  async snapshot(id: JobId, signal: AbortSignal): Promise<JobProgress | undefined> {
    try {
      const { progress, release } = await this.follow(id, signal);
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
    const view = this.#views.get(id);
    return state === 'closed' || view?.local === true || view?.mirror?.live === true;
  }

  jobUpdate(link: PeerLink, update: JobUpdate__Output): void {
    this.#views.get(update.job as JobId)?.mirror?.update(link, update);
  }

  jobNotHere(link: PeerLink, job: JobId): void {
    this.#views.get(job)?.mirror?.notHere(link);
  }

  linkUp(): void {
    for (const { mirror } of [...this.#views.values()]) mirror?.look();
  }

  linkDown(link: PeerLink): void {
    for (const { mirror } of [...this.#views.values()]) mirror?.linkDown(link);
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
    for (const view of this.#views.values()) {
      view.progress.fail(new MusterError('REPLICA_STOPPING', 'this replica stops; watch again'));
      this.#drop(view);
    }
  }

  /** The view of an open job, or the progress of a closed one. */
  async #read(id: JobId): Promise<View | JobProgress | undefined> {
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

  /** Waits for what a known coordinator has to tell, within bounds. */
  async #live(view: View, signal: AbortSignal): Promise<void> {
    if (view.local || !this.#ports.coordinators.of(view.progress.id)) return;
    const { live } = view;
    const late = this.#ports.clock.after(liveWithinMs, () => live.resolve());
    const stop = (): void => live.resolve();
    signal.addEventListener('abort', stop, { once: true });
    await live.promise;
    late.cancel();
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
  }

  /** The job has another coordinator, none, or is closed. */
  #moved(job: JobId): void {
    const view = this.#views.get(job);
    if (view) this.#show(view);
    view?.mirror?.look();
  }

  #show(view: View): void {
    const coordinator = this.coordinatorOf(view.progress);
    if (coordinator === view.shown) return;
    view.shown = coordinator;
    view.progress.touchJob();
  }

  #mirror(view: View): void {
    view.mirror = new JobMirror({ progress: view.progress, ports: this.#ports, live: () => view.live.resolve() });
    view.mirror.look();
  }

  #add(progress: JobProgress): View {
    const unsubscribe = progress.subscribe((change) => {
      if (change === 'job' && (progress.state === 'closed' || progress.failure)) this.#drop(view);
    });
    const live = Promise.withResolvers<void>();
    const shown = this.coordinatorOf(progress);
    const view: View = {
      ...{ progress, followers: 0, local: false, mirror: undefined, shown, live, linger: undefined, unsubscribe },
    };
    this.#views.set(progress.id, view);
    return view;
  }

  #hold(view: View): Followed {
    view.followers += 1;
    this.#keep(view);
    if (!view.local && !view.mirror) this.#mirror(view);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      view.followers -= 1;
      if (view.followers === 0 && !view.local && this.#views.get(view.progress.id) === view) this.#lingers(view);
    };
    return { progress: view.progress, release };
  }

  #keep(view: View): void {
    view.linger?.cancel();
    view.linger = undefined;
    this.#lingering.delete(view);
  }

  #lingers(view: View): void {
    view.linger = this.#ports.clock.after(lingerMs, () => this.#drop(view));
    this.#lingering.add(view);
    const [longest] = this.#lingering;
    if (longest && this.#lingering.size > maxLingering) this.#drop(longest);
  }

  #drop(view: View): void {
    this.#keep(view);
    view.unsubscribe();
    view.mirror?.close();
    view.live.resolve();
    if (this.#views.get(view.progress.id) === view) this.#views.delete(view.progress.id);
  }
}
