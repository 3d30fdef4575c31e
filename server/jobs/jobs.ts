import type { JobEvents__Output } from '../../proto/gen/muster/peer/v1/JobEvents.ts';
import type { JobOpened__Output } from '../../proto/gen/muster/peer/v1/JobOpened.ts';
import type { StaleCoordinator__Output } from '../../proto/gen/muster/peer/v1/StaleCoordinator.ts';
import type { ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import { type ExecutionId, type JobId, type NodeUid, parseExecutionId } from '../../shared/ids.ts';
import { decodeOrder } from '../../shared/order.ts';
import type { Session, SessionSink } from '../fleet/session.ts';
import type { PeerLink } from '../peers/peer-link.ts';
import { keys } from '../store/keys.ts';
import type { Operation } from '../store/store.ts';
import { boundedResult } from './bounded-result.ts';
import { Adoption } from './coordination/adoption.ts';
import { CoordinatorClaims } from './coordination/coordinator-claims.ts';
import { type Claim, CoordinatorFence, isLater } from './coordination/coordinator-fence.ts';
import { HeldJobs } from './coordination/held-jobs.ts';
import { LatestOrders } from './coordination/latest-orders.ts';
import { LatestWins } from './coordination/latest-wins.ts';
import { eventFault } from './event-fault.ts';
import type { JobStore, StoredJob } from './job-store.ts';
import type { JobsOptions } from './jobs-options.ts';
import { type LateResult, LateResults } from './late-results.ts';
import type { JobProgress } from './progress.ts';
import type { CancelOptions } from './run/job-frames.ts';
import { JobRun } from './run/job-run.ts';
import { JobStdin } from './run/job-stdin.ts';
import { JobWriter } from './run/job-writer.ts';
import type { BeginOptions, RunPorts } from './run/run-options.ts';
import { isTerminal } from './states.ts';
import type { Submission } from './submit.ts';
import { Submits } from './submits.ts';

/** Every job this replica drives, its part in those that others do, and the way to all of them. */
export class Jobs implements Omit<SessionSink, 'heartbeat'> {
  readonly stored: JobStore;
  /** Jobs that other replicas drive on nodes held here. */
  readonly held: HeldJobs;
  readonly #options: JobsOptions;
  readonly #ports: RunPorts;
  readonly #claims: CoordinatorClaims;
  readonly #fence = new CoordinatorFence();
  readonly #submits: Submits;
  readonly #adoption: Adoption;
  readonly #late: LateResults;
  readonly #latest: LatestOrders;
  readonly #latestWins: LatestWins;
  readonly #runs = new Map<JobId, JobRun>();
  readonly #abort = new AbortController();

  constructor(options: JobsOptions) {
    const { store, clock, log, views, sessions, coordinators, observer, replica, lease, cluster } = options;
    const { stored } = views;
    const fenced = (): boolean => lease.fenced;
    this.#options = options;
    this.stored = stored;
    const claims = new CoordinatorClaims({ store, lease: () => lease.current, replica });
    this.#claims = claims;
    const finished: RunPorts['finished'] = (...of) => observer.finished(...of);
    const late: RunPorts['late'] = (result) => this.#late.add(result);
    this.#late = new LateResults({
      ...{ store, finished, jobs: stored, log, fenced, signal: this.#abort.signal },
      driven: (result) => this.#taken(result),
      lost: { wanted: () => cluster.mayHaveLostJobs, keep: (results) => this.#keepLost(results) },
    });
    this.held = new HeldJobs({
      ...{ fence: this.#fence, clock, log, fenced, late },
      ...{ session: sessions.local, sessions: sessions.all, stdin: (job) => stored.stdin(job) },
      opened: (job, claim) => this.#openedElsewhere(job, claim),
    });
    this.#submits = new Submits({
      ...{ store, views, claims, clock, cluster, fenced, directory: options.directory },
      run: (job, begin, claim) => {
        observer.submitted(begin.progress);
        const { progress } = this.#run(job, begin, claim);
        this.#latest.submitted(progress.order.latestKey, { job: job.id, revision: claim.revision });
        return progress;
      },
    });
    this.#adoption = new Adoption({
      ...{ coordinators, claims, clock, log, fenced },
      driven: (job) => this.#runs.has(job) || this.#submits.isComing(job),
      drive: (job, claim) => this.#drive(job, claim),
    });
    this.#latest = new LatestOrders({ store, log });
    this.#latestWins = new LatestWins({
      ...{ orders: this.#latest, log },
      targets: async (job) => views.current(job)?.targets ?? (await stored.targets(job)),
    });
    this.#ports = {
      ...{ clock, log, sessions, fenced, late, finished },
      admits: (job, claim) => this.#fence.admits(job, claim),
      traceparent: (progress, execution) => observer.offered(progress, execution),
      closed: (progress) => this.#closed(progress),
    };
  }

  /** Open jobs this replica coordinates. */
  get open(): number {
    return this.#runs.size;
  }

  /** Stores the order and starts its job; of the same id and bytes it answers the job there is. */
  async submit(submission: Submission): Promise<{ progress: JobProgress; existed: boolean }> {
    return await this.#submits.submit(submission);
  }

  /** Cancels a job that is driven here; false where it is not. Resolves when that is in the store. */
  async cancel(id: JobId, cancel: CancelOptions): Promise<boolean> {
    const run = this.#runs.get(id);
    if (!run || run.over.aborted) return false;
    await run.cancel(cancel);
    this.#options.observer.cancelled(run.progress);
    return true;
  }

  /** Claims every open job that nobody drives, now and whenever one is orphaned, until closed. */
  async adopt(): Promise<void> {
    await this.#options.coordinators.start();
    await this.#latest.start();
    await this.#adoption.round(this.#abort.signal);
    void this.#adoption.follow(this.#abort.signal);
  }

  /** After a lost lease: claims its jobs again under the new one, and gives up those that another replica has. */
  async reclaimAll(): Promise<void> {
    const runs = [...this.#runs.values()];
    // One failure asks for another lease, under which all of them are claimed again.
    for (const run of runs) if (!(await run.reclaim())) this.#deposed(run);
  }

  /** Commits what waits and hands every job over: others may have them at once. */
  async close(): Promise<void> {
    const { log, views, coordinators, lease } = this.#options;
    this.#abort.abort(new Error('the replica stops'));
    const runs = [...this.#runs.values()];
    const ended = await Promise.all(
      runs.map(async (run) => {
        await run.flush().catch((error: unknown) => log.warn({ err: error }, 'results wait on agents'));
        const createRevision = await run.writer.end();
        run.abandon();
        // Others still flush: nobody is to be told meanwhile that it is driven here.
        if (this.#runs.get(run.progress.id) === run) this.#runs.delete(run.progress.id);
        return { job: run.progress.id, createRevision };
      }),
    );
    this.#runs.clear();
    if (!lease.fenced)
      await this.#claims
        .letGo(ended)
        .catch((error: unknown) => log.warn({ err: error }, 'jobs are handed over when the lease runs out'));
    views.close();
    await coordinators.close();
    await this.#latest.close();
  }

  opened(session: Session): void {
    this.changed(session.uid);
  }

  closed(session: Session): void {
    this.changed(session.uid);
  }

  /** A session of the node opened or closed, here or elsewhere. */
  changed(uid: NodeUid): void {
    for (const run of this.#runs.values()) run.changed(uid);
  }

  linkDown(link: PeerLink): void {
    for (const run of this.#runs.values()) run.linkDown(link);
    this.held.linkDown(link);
  }

  /** A holder says what its agents have of a job. */
  jobOpened(link: PeerLink, opened: JobOpened__Output): void {
    this.#runs.get(opened.job as JobId)?.answered(link, opened);
  }

  /** What agents of another replica said. Of jobs that are not driven here (any more) their holder keeps the results. */
  events(link: PeerLink, { events }: JobEvents__Output): void {
    for (const event of events) {
      const id = eventFault(event) ? undefined : parseExecutionId(event.execution);
      const run = id && this.#runs.get(id.job);
      const reporter = run?.reporter(link, id?.node as NodeUid);
      if (!id || !run || !reporter) continue;
      if (id.attempt === 1 && run.progress.indexOf(id.node) !== undefined) run.event(reporter, event);
      else if (event.finished) reporter.release([event.execution as ExecutionId], true);
    }
  }

  /** A holder has heard of a later coordinator. */
  stale({ job, era, highestRevision }: StaleCoordinator__Output): void {
    this.#openedElsewhere(job as JobId, { era, revision: highestRevision });
  }

  event(session: Session, execution: ExecutionId, event: ExecutionEvent__Output): void {
    const fault = eventFault(event);
    if (fault) return session.end('bad-frame', fault);
    const id = parseExecutionId(execution);
    const run = id && this.#runs.get(id.job);
    const index = id?.attempt === 1 ? run?.progress.indexOf(session.uid) : undefined;
    if (run && index !== undefined) run.event(session, event);
    // Of no execution of that job: nothing is to be kept of it.
    else if (run && event.finished) session.release([execution], true);
    else if (!run && !this.held.event(session, execution, event) && event.finished)
      this.#late.add({ session, execution, result: boundedResult(event.finished) });
  }

  /** A late result whose job is driven by now, here or elsewhere. */
  #taken(late: LateResult): boolean {
    const { session, execution, result } = late;
    const job = parseExecutionId(execution)?.job;
    const run = job && this.#runs.get(job);
    if (!run) return this.held.finished(late);
    if (run.progress.indexOf(session.uid) === undefined) return false;
    run.finished(session, result);
    return true;
  }

  async #keepLost(results: readonly LateResult[]): Promise<void> {
    const { directory, lostResults } = this.#options;
    const nameOf = (uid: NodeUid): string => directory.get(uid)?.name ?? '';
    await lostResults.keep(
      results.map(({ execution, session, result }) => ({ execution, node: nameOf(session.uid), result })),
    );
  }

  #openedElsewhere(job: JobId, claim: Claim): void {
    const run = this.#runs.get(job);
    if (run && isLater(claim, run.writer.claim)) this.#deposed(run);
    if (!this.#runs.has(job)) this.#late.retry(job);
  }

  async #drive(id: JobId, claim: Claim): Promise<void> {
    const { views, log } = this.#options;
    const job = await this.stored.get(id);
    if (job === undefined) return;
    const progress = await views.load(job);
    const outdated = await this.#latestWins.outdated(decodeOrder(job.orderBytes).latestKey, id);
    const { state, cancelSignal, cancelGraceMs } = job.record;
    const cancel = state === 'cancelling' ? { signal: cancelSignal, graceMs: cancelGraceMs } : undefined;
    const stored = new Set([...progress.targets.keys()].filter((index) => isTerminal(progress.stateAt(index))));
    if (this.#abort.signal.aborted) return;
    log.info({ 'job.id': id }, 'adopted an open job');
    const stopped = state === 'stopping';
    const begin = { progress, stored, cancel, stopped, outdated, stdin: undefined, tree: undefined, adopted: true };
    this.#run(job, begin, claim);
  }

  #run({ record }: StoredJob, begin: BeginOptions, claim: Claim): JobRun {
    const { store, clock, views } = this.#options;
    const progress = views.driven(begin.progress);
    const { id: job, order } = progress;
    const writer = new JobWriter({
      ...{ store, claims: this.#claims, job, claim, record },
      fenced: this.#ports.fenced,
      deposed: () => this.#deposed(run),
      alsoClosing: () => this.#forgetLatest(order.latestKey, job),
    });
    const stdin = new JobStdin({ clock, load: () => this.stored.stdin(job), data: begin.stdin });
    const run: JobRun = new JobRun({
      ...{ cancel: undefined, stopped: false, outdated: new Set<string>() },
      ...begin,
      ...{ progress, stdin, writer, ports: this.#ports, offeredBelow: record.offeredBelow },
      deposed: () => this.#deposed(run),
    });
    this.#runs.set(job, run);
    run.start();
    this.held.succeed(job);
    this.#latestWins.follow(run, order.latestKey, job);
    return run;
  }

  /** Where an older order of the key is open, whoever adopts it has to see this one: the leader sweeps the key later. */
  #forgetLatest(latestKey: string, job: JobId): Operation[] {
    if (latestKey === '' || this.#latest.hasOlder(latestKey, job)) return [];
    return [{ delete: keys.latest(latestKey, job) }];
  }

  #closed(progress: JobProgress): void {
    this.#runs.delete(progress.id);
    this.#options.observer.closed(progress);
  }

  #deposed(run: JobRun): void {
    if (this.#runs.get(run.progress.id) !== run) return;
    const { log, views } = this.#options;
    log.warn({ 'job.id': run.progress.id }, 'another replica coordinates this job now');
    this.#runs.delete(run.progress.id);
    run.abandon();
    views.undriven(run.progress);
    for (const late of run.unreleased()) this.#late.add(late);
  }
}
