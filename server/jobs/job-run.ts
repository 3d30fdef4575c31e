import type { JobRecord } from '../../proto/gen/muster/store/v1/JobRecord.ts';
import type { ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { NodeSession } from '../fleet/node-session.ts';
import type { PeerLink } from '../peers/peer-link.ts';
import { boundedResult } from './bounded-result.ts';
import { setDeadlines } from './job-deadlines.ts';
import { JobEnding } from './job-ending.ts';
import { type CancelOptions, JobFrames } from './job-frames.ts';
import { JobNodes } from './job-nodes.ts';
import { JobResults } from './job-results.ts';
import { JobTimers } from './job-timers.ts';
import type { JobWriter } from './job-writer.ts';
import { OfferSteps } from './offer-steps.ts';
import type { JobProgress } from './progress.ts';
import { Rollout } from './rollout.ts';
import type { RunOptions, RunPorts } from './run-options.ts';
import { isTerminal, type StateName } from './states.ts';

const retryMs = 500;
const attempt = 1;

/**
 * One open job, driven by this replica for as long as its coordinator key stands: offers it out, takes in what comes back,
 * commits results, closes. Sessions may come and go meanwhile, here and at other replicas. Thrown away when deposed; whoever
 * adopts the job makes another.
 */
export class JobRun {
  readonly progress: JobProgress;
  readonly writer: JobWriter;
  readonly #ports: RunPorts;
  readonly #adopted: boolean;
  readonly #deposed: () => void;
  readonly #nodes: JobNodes;
  readonly #rollout: Rollout;
  readonly #frames: JobFrames;
  readonly #results: JobResults;
  readonly #timers: JobTimers;
  /** The session that each target was last seen in. */
  readonly #present = new Map<number, NodeSession>();
  /** To be asked for their present state, once that is allowed. */
  readonly #asks = new Set<number>();
  readonly #steps: OfferSteps;
  readonly #ending: JobEnding;
  #started = false;
  #waitsToStep = false;
  readonly #abort = new AbortController();

  constructor(options: RunOptions) {
    const { ports, progress, writer, adopted } = options;
    const { clock, fenced } = ports;
    this.progress = progress;
    this.writer = writer;
    this.#timers = new JobTimers({ clock });
    this.#ports = ports;
    this.#adopted = adopted;
    this.#deposed = options.deposed;
    this.#frames = new JobFrames({ ...options, traceparent: ports.traceparent });
    this.#nodes = new JobNodes({
      ...{ ports: ports.sessions, job: progress.id, orderBytes: progress.orderBytes, fenced, fresh: !adopted },
      revision: () => writer.createRevision,
    });
    for (const index of progress.targets.keys()) {
      const session = this.#sessionOf(index);
      if (session) this.#present.set(index, session);
    }
    this.#rollout = new Rollout({
      count: progress.targets.length,
      ...progress.order.rollout,
      ...{ offeredBelow: options.offeredBelow, adopted },
      stateAt: (index) => progress.stateAt(index),
      isAway: (index) => !this.#present.has(index),
    });
    this.#results = new JobResults({
      ...{ progress, writer, clock, stored: options.stored },
      idle: () => this.#rollout.inFlight === 0,
      step: () => this.#steps.begin(false),
      stepped: (committed, offeredBelow) => this.#steps.end(committed, offeredBelow),
      closing: (deadlinePassed) => this.#ending.record(deadlinePassed, this.#rollout.complete),
      closed: (record) => this.#finishJob(record),
    });
    this.#steps = new OfferSteps({
      ...{ rollout: this.#rollout, writer, step: () => this.#step(), stepLater: () => this.#stepLater() },
      failed: (error) => ports.log.warn({ err: error, 'job.id': progress.id }, 'offering waits for the store'),
    });
    const { cancel, stopped } = options;
    this.#ending = new JobEnding({ progress, writer, clock, timers: this.#timers, cancel, stopped });
    if (stopped) this.#rollout.stop();
    this.supersede(options.outdated);
    if (cancel) this.#rollout.cancel();
  }

  /** Aborted when the run is over. */
  get over(): AbortSignal {
    return this.#abort.signal;
  }

  get #over(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Begins to offer; an adopted job first asks every connected agent what it has. */
  start(): void {
    setDeadlines(this.progress.order, this.#ports.clock.now(), this.#timers, {
      expire: () => this.#rollout.expire(),
      lapse: () => this.#rollout.lapse(),
      step: () => this.#step(),
      close: () => this.#close(true),
    });
    for (const index of this.progress.targets.keys()) {
      const result = this.progress.resultAt(index);
      // Told of by an earlier coordinator, who had not stored it.
      if (result && !this.#results.isStored(index)) this.#results.add({ target: index, attempt, result });
    }
    if (this.#adopted) {
      for (const [index, session] of this.#present) {
        if (isTerminal(this.progress.stateAt(index)) || !this.#rollout.mayHaveBeenOffered(index)) continue;
        // Of what the agent has, a Start only asks for the present state; anything else waits for its turn.
        if (session.holds(this.progress.executionAt(index))) this.#asks.add(index);
        else this.#rollout.missing(index);
      }
    }
    this.#started = true;
    this.#step();
    if (this.#results.complete) this.#close(false);
  }

  /** A session of the node opened or closed, here or elsewhere. */
  changed(uid: NodeUid): void {
    const index = this.progress.indexOf(uid);
    if (index === undefined || this.#over) return;
    const session = this.#sessionOf(index);
    const before = this.#present.get(index);
    if (session === before) return;
    if (session) this.#opened(index, session);
    else {
      this.#present.delete(index);
      this.#rollout.setAway(index, true);
      if (!isTerminal(this.progress.stateAt(index))) this.progress.touch(index);
    }
  }

  /** A holder has said what its agents have of the job. */
  answered(link: PeerLink, executions: readonly string[]): void {
    if (this.#over) return;
    const listed = this.#nodes.answered(link, executions);
    for (const uid of link.sessions.keys()) this.changed(uid);
    for (const execution of listed) {
      const index = this.progress.indexOf(execution.split('/')[1] ?? '');
      if (index === undefined) continue;
      if (this.#results.isStored(index)) this.#present.get(index)?.release([execution]);
      // Also one that is over and not in the store yet: its teller may be gone, and it is released when it is told again.
      else this.#asks.add(index);
    }
    this.#step();
  }

  linkDown(link: PeerLink): void {
    this.#nodes.linkDown(link);
  }

  /** Who brought an event of the job over a link. */
  reporter(link: PeerLink, uid: NodeUid): NodeSession | undefined {
    return this.#nodes.reporter(link, uid);
  }

  event(session: NodeSession, event: ExecutionEvent__Output): void {
    const index = this.progress.indexOf(session.uid);
    if (index === undefined || this.#over) return;
    if (event.accepted) this.#raise(index, 'EXECUTION_STATE_DISPATCHED');
    else if (event.started) this.#raise(index, 'EXECUTION_STATE_RUNNING', { startedUnixMs: event.started.atUnixMs });
    else if (event.finished) this.finished(session, boundedResult(event.finished));
  }

  /** A result within bounds: stored once, released as often as it is told. */
  finished(session: NodeSession, result: ExecutionResult): void {
    const index = this.progress.indexOf(session.uid);
    if (index === undefined || this.#over) return;
    const reported = this.#raise(index, result.state as StateName, { result });
    this.#results.told(index, session);
    if (!reported) return;
    this.#ports.finished(this.progress, index, result);
    this.#step();
    this.#results.add({ target: index, attempt, result });
  }

  /** A newer order of the same key has these nodes too. */
  supersede(uids: Iterable<string>): void {
    if (this.#over) return;
    this.#rollout.supersede([...uids].flatMap((uid) => this.progress.indexOf(uid) ?? []));
    if (this.#started) this.#step();
  }

  /** Ends the job, at once; resolves when that is in the store. Again is harmless, the first one's signal and grace stand. */
  async cancel(cancel: CancelOptions): Promise<void> {
    if (this.#over) return;
    this.#rollout.cancel();
    // On its way to the agents, store or no store; it is written down as soon as there is one.
    const written = this.#ending.cancel(cancel);
    this.#step();
    await written;
  }

  /** The replica stops: what waits is committed while it still may. */
  async flush(): Promise<void> {
    await this.#results.flush();
  }

  /** Forgets the job; its agents, results and store stay as they are. */
  abandon(): void {
    if (this.#over) return;
    this.#abort.abort(new Error('the run is over'));
    this.#results.end();
    this.#nodes.end();
    this.#timers.end();
  }

  /** The lease is another one now: false where the job is another's. */
  async reclaim(): Promise<boolean> {
    const reclaimed = await this.writer.reclaim();
    if (reclaimed) this.#step();
    return reclaimed;
  }

  #opened(index: number, session: NodeSession): void {
    this.#present.set(index, session);
    const execution = this.progress.executionAt(index);
    if (isTerminal(this.progress.stateAt(index))) {
      if (session.holds(execution) && this.#results.isStored(index)) session.release([execution]);
      return;
    }
    const state = session.held(execution)?.state;
    if (state && !isTerminal(state)) this.#raise(index, state);
    if (!session.holds(execution)) this.#rollout.missing(index);
    this.#rollout.setAway(index, false);
    this.progress.touch(index);
    this.#step();
  }

  #raise(index: number, state: StateName, detail: { result?: ExecutionResult; startedUnixMs?: number } = {}): boolean {
    this.#rollout.report(index, state);
    return this.progress.raise(index, state, detail);
  }

  /** Carries out whatever the rollout has decided since. */
  #step(): void {
    if (this.#over) return;
    if (!this.#ports.admits(this.progress.id, this.writer.createRevision)) return this.#deposed();
    if (this.#ports.fenced()) {
      for (const index of this.#rollout.cancels()) this.#sendCancel(index);
      return this.#stepLater();
    }
    for (const index of this.#asks) {
      const session = this.#sessionOf(index);
      if (session?.holds(this.progress.executionAt(index))) this.#frames.offer(index, session);
    }
    this.#asks.clear();
    const { offer, cancel, skip, expire, superseded } = this.#rollout.decide();
    for (const index of offer) {
      const session = this.#sessionOf(index);
      if (session) this.#frames.offer(index, session);
      else {
        this.#present.delete(index);
        this.#rollout.setAway(index, true);
        this.#rollout.withdraw(index);
      }
    }
    for (const index of cancel) this.#sendCancel(index);
    const skipped = this.#ending.cancelled ? 'cancelled' : 'max-errors';
    for (const index of skip) this.#endUnoffered(index, 'EXECUTION_STATE_SKIPPED', skipped);
    for (const index of superseded) this.#endUnoffered(index, 'EXECUTION_STATE_SKIPPED', 'superseded');
    for (const index of expire) this.#endUnoffered(index, 'EXECUTION_STATE_EXPIRED', 'delivery-deadline');
    if (this.#rollout.stopped) this.#ending.stop(this.#rollout.complete);
    this.#results.poke();
    void this.#steps.raise();
  }

  /** Nothing else may come that would bring the next step. */
  #stepLater(): void {
    if (this.#waitsToStep) return;
    this.#waitsToStep = true;
    this.#timers.after(retryMs, () => {
      this.#waitsToStep = false;
      this.#step();
    });
  }

  #sendCancel(index: number): void {
    const session = this.#sessionOf(index);
    if (session) this.#frames.cancel(index, session, this.#ending.cancelOptions);
  }

  #endUnoffered(index: number, state: 'EXECUTION_STATE_SKIPPED' | 'EXECUTION_STATE_EXPIRED', reason: string): void {
    const result: ExecutionResult = { state, reason, finishedUnixMs: this.#ports.clock.now() };
    if (!this.progress.raise(index, state, { result })) return;
    this.#ports.finished(this.progress, index, result);
    this.#results.add({ target: index, attempt, result });
  }

  /** Closes a job that nothing more comes of: its deadline has passed, or every result is in the store. */
  #close(deadlinePassed: boolean): void {
    if (this.#over) return;
    const again = (): void => this.#timers.after(retryMs, () => this.#close(deadlinePassed));
    this.#results.close(deadlinePassed, () => this.#over).catch(again);
  }

  #finishJob(closed: JobRecord): void {
    if (this.#over) return;
    this.abandon();
    this.progress.setJob('closed', closed.reason ?? '', Number(closed.closedUnixMs));
    this.#ports.closed(this.progress);
    for (const late of this.#results.unreleased()) this.#ports.late(late);
  }

  #sessionOf(index: number): NodeSession | undefined {
    const target = this.progress.targets[index];
    return target && this.#nodes.of(target.uid);
  }
}
