import type { ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import { MusterError } from '../../shared/errors.ts';
import { type ExecutionId, type JobId, parseExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Session, SessionSink } from '../fleet/session.ts';
import { keys } from '../store/keys.ts';
import type { ReplicaLease } from '../store/replica-lease.ts';
import type { Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import { Adoption } from './adoption.ts';
import { boundedResult } from './bounded-result.ts';
import { CoordinatorClaims } from './coordinator-claims.ts';
import { eventFault } from './event-fault.ts';
import type { CancelOptions } from './job-frames.ts';
import { JobRun } from './job-run.ts';
import { JobStdin } from './job-stdin.ts';
import { type JobStore, type StoredJob, submitOperations, type Target } from './job-store.ts';
import type { JobViews } from './job-views.ts';
import { JobWriter } from './job-writer.ts';
import { LateResults } from './late-results.ts';
import { JobProgress } from './progress.ts';
import { nextOfferedBelow } from './rollout.ts';
import type { BeginOptions, RunPorts } from './run-options.ts';
import { type CheckedSubmission, checkSubmission, type Submission } from './submit.ts';

/** What is told of jobs, for metrics and logs. */
export interface JobsObserver {
  submitted(progress: JobProgress): void;
  /** An execution has its end, whoever made it: once an execution. */
  finished(progress: JobProgress, index: number, result: ExecutionResult): void;
  cancelled(progress: JobProgress): void;
  closed(progress: JobProgress): void;
  /** An execution is being offered; answers the W3C traceparent of its span, empty = not traced. */
  offered(progress: JobProgress, execution: ExecutionId): string;
}

/** Every job this replica drives, and the way to those it does not. */
export class Jobs implements Omit<SessionSink, 'heartbeat'> {
  readonly stored: JobStore;
  readonly #store: Store;
  readonly #directory: Directory;
  readonly #lease: ReplicaLease;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #observer: JobsObserver;
  readonly #ports: RunPorts;
  readonly #views: JobViews;
  readonly #claims: CoordinatorClaims;
  readonly #adoption: Adoption;
  readonly #late: LateResults;
  readonly #runs = new Map<JobId, JobRun>();
  /** Being submitted here: their coordinator key may be ours already. */
  readonly #coming = new Map<JobId, Promise<void>>();
  readonly #abort = new AbortController();

  constructor(options: {
    store: Store;
    directory: Directory;
    lease: ReplicaLease;
    log: Log;
    clock: Clock;
    replica: string;
    observer: JobsObserver;
    views: JobViews;
    session: (uid: string) => Session | undefined;
  }) {
    const { store, clock, log, session, views } = options;
    const fenced = (): boolean => this.#lease.fenced;
    const { stored } = views;
    this.stored = stored;
    this.#views = views;
    this.#store = store;
    this.#directory = options.directory;
    this.#lease = options.lease;
    this.#log = log;
    this.#clock = clock;
    this.#observer = options.observer;
    this.#claims = new CoordinatorClaims({ store, lease: () => this.#lease.current, replica: options.replica });
    const finished: RunPorts['finished'] = (...of) => options.observer.finished(...of);
    this.#late = new LateResults({
      ...{ store, finished, jobs: stored, log, fenced, signal: this.#abort.signal },
      driven: ({ session: from, execution, result }) => this.#taken(from, execution, result),
    });
    this.#adoption = new Adoption({
      ...{ stored, claims: this.#claims, log, fenced },
      driven: (job) => this.#runs.has(job) || this.#coming.has(job),
      drive: (job, createRevision) => this.#drive(job, createRevision),
    });
    const late: RunPorts['late'] = (result) => this.#late.add(result);
    const traceparent: RunPorts['traceparent'] = (progress, execution) => options.observer.offered(progress, execution);
    this.#ports = {
      ...{ clock, log, session, fenced, late, traceparent, finished },
      closed: (progress) => this.#closed(progress),
    };
  }

  /** Open jobs this replica coordinates. */
  get open(): number {
    return this.#runs.size;
  }

  /** Stores the order and starts its job; of the same id and bytes it answers the job there is. */
  async submit(submission: Submission): Promise<{ progress: JobProgress; existed: boolean }> {
    const now = this.#clock.now();
    const nameOf = (uid: Target['uid']): string | undefined => this.#directory.get(uid)?.name;
    const checked = checkSubmission(submission, now, nameOf);
    const { id } = checked.order;
    return await this.#alone(id, async () => {
      const before = await this.#sameJob(id, submission.orderBytes);
      if (before) return before;
      if (this.#lease.fenced) throw new MusterError('STORE_UNAVAILABLE', 'this replica has lost touch with the store');
      const progress = await this.#create(submission, checked, now);
      if (progress) return { progress, existed: false };
      const other = await this.#sameJob(id, submission.orderBytes);
      if (other) return other;
      throw new MusterError('CONFLICT', 'the same order is being submitted elsewhere; submit it again');
    });
  }

  /** Undefined where somebody else was faster. */
  async #create(submission: Submission, checked: CheckedSubmission, now: number): Promise<JobProgress | undefined> {
    const { order, targets, tree } = checked;
    const { orderBytes, signature, traceparent, stdin } = submission;
    const offeredBelow = nextOfferedBelow(0, targets.length, order.rollout.maxConcurrency);
    const record = { state: 'open', offeredBelow };
    const chunks = await this.stored.putChunks(order.id, targets, stdin);
    const job = { id: order.id, orderBytes, signature, submittedUnixMs: now, traceparent, ...chunks.counts };
    const { succeeded, revision } = await this.#store.commit({
      if: [{ key: keys.order(order.id), exists: false }, ...chunks.compares],
      then: [...chunks.operations, ...submitOperations({ ...job, record }), ...this.#claims.operations(order.id)],
    });
    if (!succeeded) return undefined;
    const stored: StoredJob = {
      ...job,
      record: values.state.decode(values.state.encode(record)),
      stateRevision: revision,
    };
    const progress = new JobProgress({ job: stored, order, targets });
    this.#observer.submitted(progress);
    this.#run(stored, { progress, stdin, tree, adopted: false }, revision);
    return progress;
  }

  /** Cancels a job that is driven here; false where it is not. Resolves when that is in the store. */
  async cancel(id: JobId, cancel: CancelOptions): Promise<boolean> {
    const run = this.#runs.get(id);
    if (!run) return false;
    await run.cancel(cancel);
    this.#observer.cancelled(run.progress);
    return true;
  }

  /** Claims every open job that nobody drives, now and whenever one is orphaned, until closed. */
  async adopt(): Promise<void> {
    await this.#adoption.round(this.#abort.signal);
    void this.#adoption.loop(this.#abort.signal);
  }

  /** After a lost lease: claims its jobs again under the new one, and gives up those that another replica has. */
  async reclaimAll(): Promise<void> {
    const runs = [...this.#runs.values()];
    // One failure asks for another lease, under which all of them are claimed again.
    for (const run of runs) if (!(await run.reclaim())) this.#deposed(run);
  }

  /** Commits what waits and forgets every job: whoever starts next adopts them. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the replica stops'));
    const runs = [...this.#runs.values()];
    await Promise.all(
      runs.map((run) =>
        run.flush().catch((error: unknown) => this.#log.warn({ err: error }, 'results wait on agents')),
      ),
    );
    for (const run of runs) run.abandon();
    this.#runs.clear();
    this.#views.close();
  }

  opened(session: Session): void {
    for (const run of this.#runs.values()) run.sessionOpened(session);
  }

  closed(session: Session): void {
    for (const run of this.#runs.values()) run.sessionClosed(session);
  }

  event(session: Session, execution: ExecutionId, event: ExecutionEvent__Output): void {
    const fault = eventFault(event);
    if (fault) return session.end('bad-frame', fault);
    const id = parseExecutionId(execution);
    const run = id && this.#runs.get(id.job);
    const index = id?.attempt === 1 ? run?.progress.indexOf(session.uid) : undefined;
    if (run && index !== undefined) run.event(session, event);
    else if (event.finished) {
      // Of no execution of that job: nothing is to be kept of it.
      if (run) session.release([execution], true);
      else this.#late.add({ session, execution, result: boundedResult(event.finished) });
    }
  }

  /** A late result whose job is driven here by now. */
  #taken(session: Session, execution: ExecutionId, result: ExecutionResult): boolean {
    const job = parseExecutionId(execution)?.job;
    const run = job && this.#runs.get(job);
    if (run?.progress.indexOf(session.uid) === undefined) return false;
    run.finished(session, result);
    return true;
  }

  async #sameJob(id: JobId, orderBytes: Buffer): Promise<{ progress: JobProgress; existed: true } | undefined> {
    const job = await this.stored.get(id);
    if (job === undefined) return undefined;
    if (!job.orderBytes.equals(orderBytes)) {
      throw new MusterError('ID_CONFLICT', `order.id: job ${id} exists with other bytes`, { field: 'order.id' });
    }
    return { progress: this.#views.current(id) ?? (await this.#views.load(job)), existed: true };
  }

  async #drive(id: JobId, createRevision: number): Promise<void> {
    const job = await this.stored.get(id);
    if (job === undefined) return;
    const progress = await this.#views.load(job);
    const { state, cancelSignal, cancelGraceMs } = job.record;
    const cancel = state === 'cancelling' ? { signal: cancelSignal, graceMs: cancelGraceMs } : undefined;
    if (this.#abort.signal.aborted) return;
    this.#log.info({ 'job.id': id }, 'adopted an open job');
    this.#run(job, { progress, stdin: undefined, tree: undefined, adopted: true, cancel }, createRevision);
  }

  /** One submit of a job at a time, and no adoption meanwhile. */
  async #alone<Value>(job: JobId, work: () => Promise<Value>): Promise<Value> {
    for (let other = this.#coming.get(job); other; other = this.#coming.get(job)) await other;
    const turn = work();
    const over = (): void => void this.#coming.delete(job);
    this.#coming.set(job, turn.then(over, over));
    return await turn;
  }

  #run({ record }: StoredJob, options: BeginOptions, createRevision: number): void {
    const progress = this.#views.driven(options.progress);
    const job = progress.id;
    const writer = new JobWriter({
      ...{ store: this.#store, claims: this.#claims, job, createRevision, record },
      fenced: this.#ports.fenced,
      deposed: () => this.#deposed(run),
    });
    const { offeredBelow } = record;
    const load = (): Promise<Buffer> => this.stored.stdin(job);
    const stdin = new JobStdin({ clock: this.#clock, load, data: options.stdin });
    const run = new JobRun({
      cancel: undefined,
      ...options,
      progress,
      stdin,
      ports: this.#ports,
      writer,
      offeredBelow,
    });
    this.#runs.set(job, run);
    run.start();
  }

  #closed(progress: JobProgress): void {
    this.#runs.delete(progress.id);
    this.#observer.closed(progress);
  }

  #deposed(run: JobRun): void {
    if (this.#runs.get(run.progress.id) !== run) return;
    this.#log.warn({ 'job.id': run.progress.id }, 'another replica coordinates this job now');
    this.#runs.delete(run.progress.id);
    run.abandon();
    this.#views.undriven(run.progress);
  }
}
