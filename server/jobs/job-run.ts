import type { JobRecord } from '../../proto/gen/muster/store/v1/JobRecord.ts';
import type { ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { Timer } from '../../shared/time.ts';
import type { Session } from '../fleet/session.ts';
import { boundedResult } from './bounded-result.ts';
import { countEnds, type EndCounts } from './end-counts.ts';
import { type CancelOptions, JobFrames } from './job-frames.ts';
import type { JobStdin } from './job-stdin.ts';
import type { TargetResult } from './job-store.ts';
import type { JobWriter } from './job-writer.ts';
import type { JobProgress } from './progress.ts';
import { ResultBatches } from './results.ts';
import { Rollout } from './rollout.ts';
import type { RunOptions, RunPorts } from './run-options.ts';
import { closingReason, isTerminal, type StateName } from './states.ts';

const retryMs = 500;
const attempt = 1;

/**
 * One open job, driven by this replica for as long as its coordinator key stands: offers it out, takes in what comes back,
 * commits results, closes. Sessions may come and go meanwhile. Thrown away when deposed; whoever adopts the job makes another.
 */
export class JobRun {
  readonly progress: JobProgress;
  readonly writer: JobWriter;
  readonly #ports: RunPorts;
  readonly #rollout: Rollout;
  readonly #frames: JobFrames;
  readonly #stdin: JobStdin;
  readonly #batches: ResultBatches;
  readonly #timers = new Set<Timer>();
  /** Sessions to release once their results are in the store. */
  readonly #reporters = new Map<number, Session>();
  #cancel: CancelOptions | undefined;
  #cancelWrite: Promise<void> | undefined;
  /** Results that are in the store. */
  #stored: number;
  #ends: EndCounts;
  #raising = false;
  #waitsToStep = false;
  #over = false;

  constructor(options: RunOptions) {
    const { ports, progress } = options;
    this.progress = progress;
    this.writer = options.writer;
    this.#ports = ports;
    const ended = progress.targets.map((_, index) => progress.stateAt(index)).filter(isTerminal);
    this.#stored = ended.length;
    this.#ends = countEnds({ UNDETERMINED: progress.targets.length }, ended);
    this.#stdin = options.stdin;
    this.#frames = new JobFrames({ ...options, traceparent: options.ports.traceparent });
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
    if (options.cancel) {
      this.#cancelWrite = Promise.resolve();
      this.#beginCancel(options.cancel);
    }
  }

  /** Begins to offer; an adopted job first asks every connected agent what it has. */
  start(): void {
    const { order, targets } = this.progress;
    const now = this.#ports.clock.now();
    this.#after(order.deliveryDeadlineUnixMs - now, () => {
      this.#rollout.expire();
      this.#step();
    });
    this.#after(order.jobDeadlineUnixMs - now, () => this.#close(true));
    for (const index of targets.keys()) {
      const session = this.#rollout.mayHaveBeenOffered(index) ? this.#sessionOf(index) : undefined;
      if (!session || isTerminal(this.progress.stateAt(index))) continue;
      // Of what the agent has, a Start only asks for the present state; anything else waits for its turn.
      if (session.holds(this.progress.executionAt(index))) this.#frames.offer(index, session);
      else this.#rollout.missing(index);
    }
    this.#step();
    // Adopted with every result in the store already.
    if (this.#stored === targets.length) this.#close(false);
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
    else if (event.finished) this.finished(session, boundedResult(event.finished));
  }

  /** A result within bounds: stored once, released as often as it is told. */
  finished(session: Session, result: ExecutionResult): void {
    const index = this.progress.indexOf(session.uid);
    if (index === undefined || this.#over) return;
    const reported = this.#raise(index, result.state as StateName, { result });
    // Told again of what is in the store; otherwise it is released when it is there.
    if (!reported && !this.#reporters.has(index)) return session.release([this.progress.executionAt(index)]);
    this.#reporters.set(index, session);
    if (!reported) return;
    this.#ports.finished(this.progress, index, result);
    this.#step();
    this.#batches.add({ target: index, attempt, result });
  }

  /** Ends the job, at once; resolves when that is in the store. Again is harmless, the first one's signal and grace stand. */
  async cancel(cancel: CancelOptions): Promise<void> {
    if (this.#over) return;
    if (!this.#cancel) this.#beginCancel(cancel);
    const written = this.#writeCancel(this.#cancel ?? cancel);
    this.#step();
    await written;
  }

  /** The replica stops: what waits is committed while it still may. */
  async flush(): Promise<void> {
    await this.#batches.flush();
  }

  /** Forgets the job; its agents, results and store stay as they are. */
  abandon(): void {
    this.#over = true;
    this.#batches.close();
    this.#stdin.close();
    for (const timer of this.#timers) timer.cancel();
  }

  /** The lease is another one now: false where the job is another's. */
  async reclaim(): Promise<boolean> {
    const reclaimed = await this.writer.reclaim();
    if (reclaimed) this.#step();
    return reclaimed;
  }

  #raise(index: number, state: StateName, detail: { result?: ExecutionResult; startedUnixMs?: number } = {}): boolean {
    this.#rollout.report(index, state);
    return this.progress.raise(index, state, detail);
  }

  /** Carries out whatever the rollout has decided since. */
  #step(): void {
    if (this.#over) return;
    if (this.#ports.fenced()) {
      for (const index of this.#rollout.cancels()) this.#sendCancel(index);
      return this.#stepLater();
    }
    const { offer, cancel, skip, expire } = this.#rollout.decide();
    for (const index of offer) {
      const session = this.#sessionOf(index);
      if (session) this.#frames.offer(index, session);
      else {
        this.#rollout.setAway(index, true);
        this.#rollout.withdraw(index);
      }
    }
    for (const index of cancel) this.#sendCancel(index);
    for (const index of skip)
      this.#endUnoffered(index, 'EXECUTION_STATE_SKIPPED', this.#cancel ? 'cancelled' : 'max-errors');
    for (const index of expire) this.#endUnoffered(index, 'EXECUTION_STATE_EXPIRED', 'delivery-deadline');
    if (this.#rollout.stopped && this.progress.state === 'open') this.progress.setJob('stopping', 'max-errors');
    this.#batches.poke();
    void this.#raiseOfferedBelow();
  }

  /** Nothing else may come that would bring the next step. */
  #stepLater(): void {
    if (this.#waitsToStep) return;
    this.#waitsToStep = true;
    this.#after(retryMs, () => {
      this.#waitsToStep = false;
      this.#step();
    });
  }

  #sendCancel(index: number): void {
    const session = this.#sessionOf(index);
    if (session) this.#frames.cancel(index, session, this.#cancel ?? { signal: 0, graceMs: undefined });
  }

  #endUnoffered(index: number, state: 'EXECUTION_STATE_SKIPPED' | 'EXECUTION_STATE_EXPIRED', reason: string): void {
    const result: ExecutionResult = { state, reason, finishedUnixMs: this.#ports.clock.now() };
    if (!this.progress.raise(index, state, { result })) return;
    this.#ports.finished(this.progress, index, result);
    this.#batches.add({ target: index, attempt, result });
  }

  #beginCancel(cancel: CancelOptions): void {
    this.#cancel = cancel;
    this.progress.setJob('cancelling', 'cancelled');
    this.#rollout.cancel();
  }

  /** The cancel is on its way to the agents, store or no store; it is written down as soon as there is one. */
  #writeCancel({ signal, graceMs }: CancelOptions): Promise<void> {
    const grace = graceMs !== undefined && { cancelGraceMs: graceMs };
    const change: JobRecord = { state: 'cancelling', reason: 'cancelled', cancelSignal: signal, ...grace };
    this.#cancelWrite ??= this.writer.update(change).catch((error: unknown) => {
      this.#cancelWrite = undefined;
      if (this.#over && this.progress.state === 'closed') return;
      this.#after(retryMs, () => void this.#writeCancel({ signal, graceMs }).catch(() => {}));
      throw error;
    });
    return this.#cancelWrite;
  }

  async #raiseOfferedBelow(): Promise<void> {
    const next = this.#raising ? undefined : this.#rollout.nextStep();
    if (next === undefined) return;
    this.#raising = true;
    try {
      await this.writer.update({ offeredBelow: next.offeredBelow });
      this.#rollout.committed(next.offeredBelow);
      this.#raising = false;
      this.#step();
    } catch (error) {
      this.#raising = false;
      this.#ports.log.warn({ err: error, 'job.id': this.progress.id }, 'offering waits for the store');
      this.#stepLater();
    }
  }

  async #commit(results: readonly TargetResult[]): Promise<void> {
    const closes = this.#stored + results.length === this.progress.targets.length;
    const counts = countEnds(
      this.#ends,
      results.map(({ result }) => result.state),
    );
    const closed = closes ? await this.writer.close(results, { ...this.#closingRecord(false), counts }) : undefined;
    if (!closes) await this.writer.results(results);
    this.#stored += results.length;
    this.#ends = counts;
    for (const { target } of results) {
      this.#reporters.get(target)?.release([this.progress.executionAt(target)]);
      this.#reporters.delete(target);
    }
    if (closed) this.#finishJob(closed);
  }

  #closingRecord(deadlinePassed: boolean): JobRecord {
    const { progress } = this;
    const reason = closingReason({
      complete: this.#rollout.complete,
      cancelled: this.#cancel !== undefined,
      skipped: progress.count('EXECUTION_STATE_SKIPPED'),
      cancelledExecutions: progress.count('EXECUTION_STATE_CANCELLED'),
      deadlinePassed,
    });
    return { state: 'closed', reason: reason ?? 'done', closedUnixMs: this.#ports.clock.now(), counts: this.#ends };
  }

  /** Closes a job that nothing more comes of: its deadline has passed, or every result is in the store. */
  #close(deadlinePassed: boolean): void {
    const close = async (): Promise<void> => {
      await this.#batches.flush();
      if (!this.#over) this.#finishJob(await this.writer.close([], this.#closingRecord(deadlinePassed)));
    };
    if (!this.#over) close().catch(() => this.#after(retryMs, () => this.#close(deadlinePassed)));
  }

  #finishJob(closed: JobRecord): void {
    if (this.#over) return;
    this.abandon();
    this.progress.setJob('closed', closed.reason ?? '', Number(closed.closedUnixMs));
    this.#ports.closed(this.progress);
    for (const [index, session] of this.#reporters) {
      const result = this.progress.resultAt(index);
      if (result) this.#ports.late({ session, execution: this.progress.executionAt(index), result, told: true });
    }
  }

  #after(ms: number, action: () => void): void {
    if (this.#over) return;
    const timer = this.#ports.clock.after(Math.max(0, ms), () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }

  #sessionOf(index: number): Session | undefined {
    const target = this.progress.targets[index];
    return target && this.#ports.session(target.uid);
  }
}
