import type { ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { JobRecord } from '../../proto/gen/muster/store/v1/JobRecord.ts';
import { MusterError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { PlanTree } from '../../shared/merkle.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import type { Session } from '../fleet/session.ts';
import { keys } from '../store/keys.ts';
import type { Operation, Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { TargetResult } from './job-store.ts';
import type { JobProgress } from './progress.ts';
import { ResultBatches } from './results.ts';
import { Rollout } from './rollout.ts';
import { closingReason, isTerminal, type StateName } from './states.ts';

/** What a run needs around it. */
export interface RunPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly session: (uid: string) => Session | undefined;
  /** The replica's lease is past its own deadline: no Start, no store write, no outcome made here. */
  readonly fenced: () => boolean;
  /** The job is closed and every result in the store. */
  readonly closed: (run: JobRun) => void;
  /** The run can't go on: its coordinator key is another's now, or gone. */
  readonly deposed: (run: JobRun) => void;
}

/** How a job was cancelled. */
export interface CancelOptions {
  /** 0 = TERM. */
  readonly signal: number;
  readonly graceMs: number | undefined;
}

const retryMs = 500;
const attempt = 1;

/**
 * One open job, driven by this replica for as long as its coordinator key stands: offers it out, takes in what comes back,
 * commits results, closes. Sessions may come and go meanwhile. Thrown away when deposed; whoever adopts the job makes another.
 */
export class JobRun {
  readonly progress: JobProgress;
  readonly #ports: RunPorts;
  readonly #rollout: Rollout;
  readonly #tree: PlanTree;
  readonly #batches: ResultBatches;
  readonly #stdin: Buffer;
  readonly #timers: Timer[] = [];
  /** Sessions to release once their results are in the store. */
  readonly #reporters = new Map<number, Session>();
  #cancel: CancelOptions | undefined;
  #createRevision: number;
  #batch = 0;
  /** Results that are in the store. */
  #stored: number;
  #stepping = false;
  #over = false;

  constructor(options: {
    ports: RunPorts;
    progress: JobProgress;
    stdin: Buffer;
    tree: PlanTree | undefined;
    createRevision: number;
    offeredBelow: number;
    adopted: boolean;
    cancel: CancelOptions | undefined;
  }) {
    const { ports, progress } = options;
    this.progress = progress;
    this.#ports = ports;
    this.#stdin = options.stdin;
    this.#createRevision = options.createRevision;
    this.#stored = progress.targets.reduce((sum, _, index) => sum + (isTerminal(progress.stateAt(index)) ? 1 : 0), 0);
    this.#tree = options.tree ?? new PlanTree(progress.targets.map((target) => target.uid));
    this.#rollout = new Rollout({
      count: progress.targets.length,
      ...progress.order.rollout,
      offeredBelow: options.offeredBelow,
      adopted: options.adopted,
      stateAt: (index) => progress.stateAt(index),
      isAway: (index) => this.#sessionOf(index) === undefined,
    });
    this.#batches = new ResultBatches({
      clock: ports.clock,
      commit: (results) => this.#commit(results),
      idle: () => this.#rollout.inFlight === 0,
    });
    if (options.cancel) this.#beginCancel(options.cancel);
  }

  /** Begins to offer; an adopted job first asks every connected agent what it has. */
  start(): void {
    const { order, targets } = this.progress;
    const now = this.#ports.clock.now();
    const at = (unixMs: number, action: () => void): void => {
      this.#timers.push(this.#ports.clock.after(Math.max(0, unixMs - now), action));
    };
    at(order.deliveryDeadlineUnixMs, () => {
      this.#rollout.expire();
      this.#step();
    });
    at(order.jobDeadlineUnixMs, () => this.#closeAtDeadline());
    for (const index of targets.keys()) {
      const session = this.#rollout.mayHaveBeenOffered(index) ? this.#sessionOf(index) : undefined;
      if (!session || isTerminal(this.progress.stateAt(index))) continue;
      // Of what the agent has, a Start only asks for the present state; anything else waits for its turn.
      if (session.holds(this.progress.executionAt(index))) this.#offer(index, session);
      else this.#rollout.missing(index);
    }
    this.#step();
    this.#closeWhenComplete();
  }

  sessionOpened(session: Session): void {
    const index = this.progress.indexOf(session.uid);
    if (index === undefined || this.#over) return;
    const execution = this.progress.executionAt(index);
    const held = session.hello.executions.get(execution);
    if (isTerminal(this.progress.stateAt(index))) {
      if (held && !this.#reporters.has(index)) session.release([execution]);
      return;
    }
    if (held && !isTerminal(held.state)) this.#raise(index, held.state);
    else if (!held) this.#rollout.missing(index);
    this.#rollout.setAway(index, false);
    this.progress.touch(index);
    this.#step();
  }

  sessionClosed(session: Session): void {
    const index = this.progress.indexOf(session.uid);
    if (index === undefined || this.#over || this.#sessionOf(index)) return;
    this.#rollout.setAway(index, true);
    if (!isTerminal(this.progress.stateAt(index))) this.progress.touch(index);
  }

  event(session: Session, event: ExecutionEvent__Output): void {
    const index = this.progress.indexOf(session.uid);
    if (index === undefined || this.#over) return;
    if (event.accepted) this.#raise(index, 'EXECUTION_STATE_DISPATCHED');
    else if (event.started) this.#raise(index, 'EXECUTION_STATE_RUNNING', { startedUnixMs: event.started.atUnixMs });
    else if (event.finished) {
      if (!isTerminal(event.finished.state)) return this.#refuse(session, 'event.finished.state', 'is not terminal');
      this.#finish(index, session, event.finished);
    } else this.#refuse(session, 'event', 'none is set, or of a kind this replica does not know');
  }

  /** Ends the job: resolves once the cancel is in the store. Again is harmless, the first one's signal and grace stand. */
  async cancel(cancel: CancelOptions): Promise<void> {
    if (this.#cancel || this.#over) return;
    await this.#writeState({ ...this.#record('cancelling', 'cancelled'), ...cancelFields(cancel) });
    if (this.#over || this.#cancel) return;
    this.#beginCancel(cancel);
    this.#step();
  }

  /** The replica stops: what waits is committed while it still may. */
  async flush(): Promise<void> {
    await this.#batches.flush();
  }

  /** Forgets the job; its agents, results and store stay as they are. */
  abandon(): void {
    this.#over = true;
    this.#batches.close();
    for (const timer of this.#timers) timer.cancel();
  }

  /** Claims the coordinator key again under a new lease; false where another replica was faster. */
  async reclaim(operation: (job: JobProgress['id']) => Operation): Promise<boolean> {
    const key = keys.coordinator(this.progress.id);
    const claim = { if: [{ key, exists: false }], then: [operation(this.progress.id)] };
    const { succeeded, revision } = await this.#ports.store.commit(claim);
    if (succeeded) this.#createRevision = revision;
    if (succeeded) this.#step();
    return succeeded;
  }

  #raise(index: number, state: StateName, detail: { result?: ExecutionResult; startedUnixMs?: number } = {}): boolean {
    this.#rollout.report(index, state);
    return this.progress.raise(index, state, detail);
  }

  #finish(index: number, session: Session, result: ExecutionResult): void {
    const state = result.state as StateName;
    if (!this.#raise(index, state, { result })) {
      // Told again: released when the commit is done, or now where it already is.
      if (!this.#reporters.has(index)) session.release([this.progress.executionAt(index)]);
      else this.#reporters.set(index, session);
      return;
    }
    this.#reporters.set(index, session);
    this.#step();
    this.#batches.add({ target: index, attempt, result });
  }

  /** Carries out whatever the rollout has decided since. */
  #step(): void {
    if (this.#over || this.#ports.fenced()) return;
    const wasStopped = this.progress.state === 'stopping';
    const { offer, cancel, skip, expire } = this.#rollout.decide();
    for (const index of offer) {
      const session = this.#sessionOf(index);
      if (session) this.#offer(index, session);
      else {
        this.#rollout.setAway(index, true);
        this.#rollout.withdraw(index);
      }
    }
    for (const index of cancel) this.#sendCancel(index);
    for (const index of skip) this.#endUnoffered(index, 'EXECUTION_STATE_SKIPPED', this.#cancel ? 'cancelled' : 'max-errors');
    for (const index of expire) this.#endUnoffered(index, 'EXECUTION_STATE_EXPIRED', 'delivery-deadline');
    if (this.#rollout.stopped && !wasStopped && this.progress.state === 'open') this.progress.setJob('stopping', 'max-errors');
    this.#batches.poke();
    void this.#raiseOfferedBelow();
  }

  #offer(index: number, session: Session): void {
    const { order, orderBytes, traceparent } = this.progress;
    const execution = this.progress.executionAt(index);
    const { siblings } = this.#tree.proof(index);
    session.start(execution, { order: orderBytes, proof: { index, siblings: [...siblings] }, traceparent });
    if (order.stdin) session.input(execution, this.#stdin);
  }

  #sendCancel(index: number): void {
    const cancel = this.#cancel ?? { signal: 0, graceMs: undefined };
    const grace = cancel.graceMs === undefined ? {} : { graceMs: cancel.graceMs };
    this.#sessionOf(index)?.cancel({ execution: this.progress.executionAt(index), signal: cancel.signal, ...grace });
  }

  #endUnoffered(index: number, state: 'EXECUTION_STATE_SKIPPED' | 'EXECUTION_STATE_EXPIRED', reason: string): void {
    const result: ExecutionResult = { state, reason, finishedUnixMs: this.#ports.clock.now() };
    if (this.progress.raise(index, state, { result })) this.#batches.add({ target: index, attempt, result });
  }

  #beginCancel(cancel: CancelOptions): void {
    this.#cancel = cancel;
    this.progress.setJob('cancelling', 'cancelled');
    this.#rollout.cancel();
  }

  async #raiseOfferedBelow(): Promise<void> {
    const next = this.#stepping ? undefined : this.#rollout.nextStep();
    if (next === undefined) return;
    this.#stepping = true;
    try {
      await this.#writeState({ ...this.#record(this.progress.state, this.progress.reason), offeredBelow: next.offeredBelow });
      this.#rollout.committed(next.offeredBelow);
      this.#stepping = false;
      this.#step();
    } catch (error) {
      this.#stepping = false;
      this.#ports.log.warn({ err: error, 'job.id': this.progress.id }, 'offering waits for the store');
      this.#ports.clock.after(retryMs, () => this.#step());
    }
  }

  async #commit(results: readonly TargetResult[]): Promise<void> {
    if (this.#ports.fenced()) throw new MusterError('STORE_UNAVAILABLE', 'this replica’s lease has run out');
    const { progress } = this;
    const { id } = progress;
    const closing = this.#stored + results.length === progress.targets.length ? this.#closing() : undefined;
    const batch = { put: keys.result(id, this.#createRevision, this.#batch), value: values.result.encode({ results: [...results] }) };
    await this.#write([...(results.length > 0 ? [batch] : []), ...(closing?.operations ?? [])]);
    this.#batch += 1;
    this.#stored += results.length;
    for (const { target } of results) {
      this.#reporters.get(target)?.release([this.progress.executionAt(target)]);
      this.#reporters.delete(target);
    }
    if (closing) this.#finishJob(closing);
  }

  #closing(deadlinePassed = false): Closing {
    const { progress } = this;
    const reason =
      closingReason({
        complete: this.#rollout.complete,
        cancelled: this.#cancel !== undefined,
        skipped: progress.count('EXECUTION_STATE_SKIPPED'),
        cancelledExecutions: progress.count('EXECUTION_STATE_CANCELLED'),
        deadlinePassed,
      }) ?? 'done';
    const closedUnixMs = this.#ports.clock.now();
    const record = { ...this.#record('closed', reason), closedUnixMs };
    const operations: Operation[] = [
      { put: keys.state(progress.id), value: values.state.encode(record) },
      { delete: keys.open(progress.id) },
      { delete: keys.coordinator(progress.id) },
    ];
    return { reason, closedUnixMs, operations };
  }

  /** A job whose every result is in the store already: found at adoption. */
  #closeWhenComplete(): void {
    if (this.#over || this.#stored < this.progress.targets.length) return;
    this.#commit([]).catch(() => this.#ports.clock.after(retryMs, () => this.#closeWhenComplete()));
  }

  #closeAtDeadline(): void {
    if (this.#over) return;
    const close = async (): Promise<void> => {
      await this.#batches.flush();
      if (this.#over) return;
      const closing = this.#closing(true);
      await this.#write(closing.operations);
      this.#finishJob(closing);
    };
    close().catch(() => this.#ports.clock.after(retryMs, () => this.#closeAtDeadline()));
  }

  #finishJob(closing: Closing): void {
    this.abandon();
    this.progress.setJob('closed', closing.reason, closing.closedUnixMs);
    this.#ports.closed(this);
  }

  #record(state: JobProgress['state'], reason: string): JobRecord {
    return {
      state,
      reason,
      offeredBelow: this.#rollout.offeredBelow,
      ...(this.#cancel && cancelFields(this.#cancel)),
    };
  }

  async #writeState(record: JobRecord): Promise<void> {
    await this.#write([{ put: keys.state(this.progress.id), value: values.state.encode(record) }]);
  }

  /** Every write of a coordinator compares its own key: one that was deposed changes nothing. */
  async #write(operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return;
    const key = keys.coordinator(this.progress.id);
    const { succeeded } = await this.#ports.store.commit({
      if: [{ key, createRevision: this.#createRevision }],
      then: operations,
    });
    if (succeeded) return;
    this.#ports.deposed(this);
    throw new MusterError('CONFLICT', `job ${this.progress.id} has another coordinator now`);
  }

  #sessionOf(index: number): Session | undefined {
    const target = this.progress.targets[index];
    return target && this.#ports.session(target.uid);
  }

  #refuse(session: Session, field: string, message: string): void {
    session.end(`bad frame: ${field}`, new MusterError('FRAME_INVALID', `${field}: ${message}`, { field }));
  }
}

interface Closing {
  readonly reason: string;
  readonly closedUnixMs: number;
  readonly operations: readonly Operation[];
}

const cancelFields = ({ signal, graceMs }: CancelOptions): JobRecord => ({
  cancelSignal: signal,
  ...(graceMs !== undefined && { cancelGraceMs: graceMs }),
});
