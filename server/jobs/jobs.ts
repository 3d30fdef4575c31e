import type { ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import { MusterError } from '../../shared/errors.ts';
import { type ExecutionId, type JobId, parseExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { decodeOrder } from '../../shared/order.ts';
import { type Clock, sleep } from '../../shared/time.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Session, SessionSink } from '../fleet/session.ts';
import { keys } from '../store/keys.ts';
import type { ReplicaLease } from '../store/replica-lease.ts';
import type { Operation, Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import { type CancelOptions, JobRun, type RunPorts } from './job-run.ts';
import { JobStore, type StoredJob, submitOperations, type Target } from './job-store.ts';
import { storeLateResult } from './late-results.ts';
import { JobProgress } from './progress.ts';
import { nextOfferedBelow } from './rollout.ts';
import { checkSubmission, type Submission } from './submit.ts';

/** What is told of jobs, for metrics and logs. */
export interface JobsObserver {
  submitted(progress: JobProgress): void;
  event(progress: JobProgress, index: number, event: ExecutionEvent__Output): void;
  cancelled(progress: JobProgress): void;
  closed(progress: JobProgress): void;
}

const adoptEveryMs = 1000;
const lateRetryMs = 1000;

/** Every job this replica drives, and the way to those it does not. */
export class Jobs implements Omit<SessionSink, 'heartbeat'> {
  readonly stored: JobStore;
  readonly #store: Store;
  readonly #directory: Directory;
  readonly #lease: ReplicaLease;
  readonly #log: Log;
  readonly #replica: string;
  readonly #clock: Clock;
  readonly #observer: JobsObserver;
  readonly #ports: RunPorts;
  readonly #runs = new Map<JobId, JobRun>();
  readonly #abort = new AbortController();

  constructor(options: {
    store: Store;
    directory: Directory;
    lease: ReplicaLease;
    log: Log;
    clock: Clock;
    replica: string;
    observer: JobsObserver;
    session: (uid: string) => Session | undefined;
  }) {
    this.stored = new JobStore({ store: options.store });
    this.#store = options.store;
    this.#directory = options.directory;
    this.#lease = options.lease;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#replica = options.replica;
    this.#observer = options.observer;
    this.#ports = {
      store: options.store,
      clock: options.clock,
      log: options.log,
      session: options.session,
      fenced: () => this.#lease.fenced,
      closed: (run) => this.#closed(run),
      deposed: (run) => this.#deposed(run),
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
    const { order, targets, tree } = checkSubmission(submission, now, nameOf);
    const before = await this.#sameJob(order.id, submission.orderBytes);
    if (before) return before;
    const { orderBytes, signature, traceparent } = submission;
    const offeredBelow = nextOfferedBelow(0, targets.length, order.rollout.maxConcurrency);
    const record = { state: 'open', offeredBelow };
    const chunks = await this.stored.putChunks(order.id, targets, submission.stdin);
    const job = { id: order.id, orderBytes, signature, submittedUnixMs: now, traceparent, ...chunks.counts };
    const { succeeded, revision } = await this.#store.commit({
      if: [{ key: keys.order(order.id), exists: false }, ...chunks.compares],
      then: [...chunks.operations, ...submitOperations({ ...job, record }), this.#coordinatorKey(order.id)],
    });
    if (!succeeded) {
      const other = await this.#sameJob(order.id, orderBytes);
      if (other) return other;
      throw new MusterError('CONFLICT', 'the same order was being submitted elsewhere; submit it again');
    }
    const stored: StoredJob = { ...job, record: values.state.decode(values.state.encode(record)) };
    const progress = new JobProgress({ job: stored, order, targets });
    const base = { ports: this.#ports, progress, stdin: submission.stdin, tree, createRevision: revision, offeredBelow };
    const run = new JobRun({ ...base, adopted: false, cancel: undefined });
    this.#runs.set(order.id, run);
    this.#observer.submitted(progress);
    run.start();
    return { progress, existed: false };
  }

  /** The job as it is, live where it is open. Waits for an open one's coordinator. UNKNOWN_JOB where there is none. */
  async progress(id: JobId, signal: AbortSignal): Promise<JobProgress> {
    for (;;) {
      const run = this.#runs.get(id);
      if (run) return run.progress;
      const job = await this.stored.get(id);
      if (job === undefined) throw new MusterError('UNKNOWN_JOB', `no job ${id}`, { field: 'job_id' });
      if (job.record.state === 'closed') return await this.#load(job);
      await sleep(adoptEveryMs / 10, signal);
    }
  }

  /** The job as it stands now, driven or not: for listings, which wait for nobody. */
  async snapshot(id: JobId): Promise<JobProgress | undefined> {
    const run = this.#runs.get(id);
    if (run) return run.progress;
    const job = await this.stored.get(id);
    return job && (await this.#load(job));
  }

  async cancel(id: JobId, cancel: CancelOptions, signal: AbortSignal): Promise<JobProgress> {
    const progress = await this.progress(id, signal);
    const run = this.#runs.get(id);
    if (run) {
      await run.cancel(cancel);
      this.#observer.cancelled(progress);
    }
    return progress;
  }

  coordinatorOf(progress: JobProgress): string {
    return this.#runs.get(progress.id)?.progress === progress ? this.#replica : '';
  }

  /** Claims every open job that nobody drives, now and whenever one is orphaned, until closed. */
  async adopt(): Promise<void> {
    await this.#adoptOrphans();
    const loop = async (): Promise<void> => {
      while (!this.#abort.signal.aborted) {
        await sleep(adoptEveryMs, this.#abort.signal).catch(() => {});
        if (this.#abort.signal.aborted) return;
        await this.#adoptOrphans().catch((error: unknown) => this.#log.warn({ err: error }, 'could not look for orphaned jobs'));
      }
    };
    void loop();
  }

  /** After a lost lease: claims its jobs again under the new one, and gives up those that another replica has. */
  async reclaimAll(): Promise<void> {
    for (const run of [...this.#runs.values()]) {
      if (!(await run.reclaim((job) => this.#coordinatorKey(job)))) this.#deposed(run);
    }
  }

  /** Commits what waits and forgets every job: whoever starts next adopts them. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the replica stops'));
    const runs = [...this.#runs.values()];
    await Promise.all(runs.map((run) => run.flush().catch((error: unknown) => this.#log.warn({ err: error }, 'results wait on agents'))));
    for (const run of runs) {
      run.abandon();
      run.progress.abandon();
    }
    this.#runs.clear();
  }

  opened(session: Session): void {
    for (const run of this.#runs.values()) run.sessionOpened(session);
  }

  closed(session: Session): void {
    for (const run of this.#runs.values()) run.sessionClosed(session);
  }

  event(session: Session, execution: ExecutionId, event: ExecutionEvent__Output): void {
    const id = parseExecutionId(execution);
    if (id === undefined) return;
    const run = this.#runs.get(id.job);
    if (run) {
      const index = run.progress.indexOf(session.uid);
      if (index !== undefined) this.#observer.event(run.progress, index, event);
      run.event(session, event);
    } else if (event.finished) void this.#late(session, execution, event);
  }

  async #late(session: Session, execution: ExecutionId, event: ExecutionEvent__Output): Promise<void> {
    const id = parseExecutionId(execution);
    const result = event.finished;
    if (!id || !result) return;
    while (session.live && !this.#abort.signal.aborted) {
      try {
        const run = this.#runs.get(id.job);
        if (run) return run.event(session, event);
        const ports = { store: this.#store, jobs: this.stored, lease: this.#lease.current };
        const coordinator = values.coordinator.encode({ replica: this.#replica });
        const outcome = await storeLateResult({ ...ports, coordinator, job: id.job, execution, nodeUid: session.uid, result });
        if (outcome !== 'held') return session.release([execution], outcome === 'unknown');
      } catch (error) {
        this.#log.warn({ err: error, 'execution.id': execution }, 'a late result waits for the store');
      }
      await sleep(lateRetryMs, this.#abort.signal).catch(() => {});
    }
  }

  async #sameJob(id: JobId, orderBytes: Buffer): Promise<{ progress: JobProgress; existed: true } | undefined> {
    const job = await this.stored.get(id);
    if (job === undefined) return undefined;
    if (!job.orderBytes.equals(orderBytes)) {
      throw new MusterError('ID_CONFLICT', `order.id: job ${id} exists with other bytes`, { field: 'order.id' });
    }
    return { progress: this.#runs.get(id)?.progress ?? (await this.#load(job)), existed: true };
  }

  async #load(job: StoredJob): Promise<JobProgress> {
    const progress = new JobProgress({ job, order: decodeOrder(job.orderBytes), targets: await this.stored.targets(job.id) });
    for await (const { target, result } of this.stored.results(job.id)) {
      const { state } = result;
      if (typeof state === 'string') progress.raise(target, state, { result });
    }
    return progress;
  }

  async #adoptOrphans(): Promise<void> {
    if (this.#lease.fenced) return;
    for (const id of await this.stored.openJobs()) {
      if (this.#runs.has(id) || this.#abort.signal.aborted) continue;
      const claimed = await this.#store.commit({
        if: [{ key: keys.coordinator(id), exists: false }, { key: keys.open(id), exists: true }],
        then: [this.#coordinatorKey(id)],
      });
      if (claimed.succeeded) await this.#drive(id, claimed.revision);
    }
  }

  async #drive(id: JobId, createRevision: number): Promise<void> {
    const job = await this.stored.get(id);
    if (job === undefined) return;
    const progress = await this.#load(job);
    const { state, cancelSignal, cancelGraceMs, offeredBelow } = job.record;
    const cancel = state === 'cancelling' ? { signal: cancelSignal, graceMs: cancelGraceMs } : undefined;
    const stdin = job.stdinChunks > 0 ? await this.stored.stdin(id) : Buffer.alloc(0);
    const base = { ports: this.#ports, progress, stdin, tree: undefined, createRevision, offeredBelow };
    const run = new JobRun({ ...base, adopted: true, cancel });
    this.#runs.set(id, run);
    this.#log.info({ 'job.id': id }, 'adopted an open job');
    run.start();
  }

  #coordinatorKey(job: JobId): Operation {
    const value = values.coordinator.encode({ replica: this.#replica });
    return { put: keys.coordinator(job), value, lease: this.#lease.current };
  }

  #closed(run: JobRun): void {
    this.#runs.delete(run.progress.id);
    this.#observer.closed(run.progress);
  }

  #deposed(run: JobRun): void {
    if (this.#runs.get(run.progress.id) !== run) return;
    this.#log.warn({ 'job.id': run.progress.id }, 'another replica coordinates this job now');
    this.#runs.delete(run.progress.id);
    run.abandon();
    run.progress.abandon();
  }
}
