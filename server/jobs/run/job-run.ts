import type { JobOpened__Output } from '../../../proto/gen/muster/peer/v1/JobOpened.ts';
import type { JobRecord } from '../../../proto/gen/muster/store/v1/JobRecord.ts';
import type { ExecutionEvent__Output } from '../../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { ExecutionResult } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import type { NodeUid } from '../../../shared/ids.ts';
import type { NodeSession } from '../../fleet/node-session.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import { boundedResult } from '../bounded-result.ts';
import type { LateResult } from '../late-results.ts';
import type { JobProgress } from '../progress.ts';
import { isTerminal, type StateName } from '../states.ts';
import { Hearing } from './hearing.ts';
import { JobAgents } from './job-agents.ts';
import { setDeadlines } from './job-deadlines.ts';
import { JobEnding } from './job-ending.ts';
import { type CancelOptions, JobFrames } from './job-frames.ts';
import { JobNodes } from './job-nodes.ts';
import { JobResults } from './job-results.ts';
import { JobTimers } from './job-timers.ts';
import type { JobWriter } from './job-writer.ts';
import { OfferSteps } from './offer-steps.ts';
import { Rollout } from './rollout.ts';
import type { RunOptions, RunPorts } from './run-options.ts';

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
  readonly #agents: JobAgents;
  readonly #hearing: Hearing;
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
    this.#frames = new JobFrames({ ...options, traceparent: ports.traceparent, valid: () => !this.#over });
    this.#nodes = new JobNodes({
      ...{ ports: ports.sessions, job: progress.id, signed: progress.signed, fenced, fresh: !adopted },
      claim: () => writer.claim,
    });
    this.#hearing = new Hearing({ timers: this.#timers, over: () => this.#step() });
    this.#agents = new JobAgents({
      ...{ progress, nodes: this.#nodes, hearing: this.#hearing, rollout: () => this.#rollout },
      isStored: (index) => this.#results.isStored(index),
      raise: (index, state) => this.#raise(index, state),
      step: () => this.#step(),
    });
    this.#rollout = new Rollout({
      count: progress.targets.length,
      ...progress.order.rollout,
      ...{ offeredBelow: options.offeredBelow, adopted },
      stateAt: (index) => progress.stateAt(index),
      isAway: (index) => this.#agents.isAway(index),
    });
    this.#results = new JobResults({
      ...{ progress, writer, clock, stored: options.stored },
      idle: () => this.#rollout.inFlight === 0,
      step: () => this.#steps.begin(false),
      stepped: (committed, offeredBelow) => this.#steps.end(committed, offeredBelow),
      closing: (ends, deadlinePassed) => this.#ending.record(ends, deadlinePassed),
      decided: (index, result) => {
        if (progress.raise(index, result.state as StateName, { result })) ports.finished(progress, index, result);
      },
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
    if (this.#adopted) this.#agents.ask();
    this.#started = true;
    this.#step();
    if (this.#results.complete) this.#close(false);
  }

  /** A session of the node opened or closed, here or elsewhere. */
  changed(uid: NodeUid): void {
    if (!this.#over) this.#agents.changed(uid);
  }

  /** A holder says what its agents have of the job. */
  answered(link: PeerLink, opened: JobOpened__Output): void {
    if (!this.#over) this.#agents.answered(link, opened);
  }

  linkDown(link: PeerLink): void {
    this.#agents.linkDown(link);
  }

  /** Who brought an event of the job over a link. */
  reporter(link: PeerLink, uid: NodeUid): NodeSession | undefined {
    return this.#nodes.reporter(link, uid);
  }

  event(session: NodeSession, event: ExecutionEvent__Output): void {
    const index = this.progress.indexOf(session.uid);
    if (index === undefined || this.#over) return;
    if (event.accepted) this.#hearing.begun(index);
    if (event.accepted) this.#raise(index, 'EXECUTION_STATE_DISPATCHED');
    else if (event.started) this.#raise(index, 'EXECUTION_STATE_RUNNING', { startedUnixMs: event.started.atUnixMs });
    else if (event.finished) this.finished(session, boundedResult(event.finished));
    if (event.started) this.#hearing.heard(index);
  }

  /** A result within bounds: stored once, released as often as it is told. */
  finished(session: NodeSession, result: ExecutionResult): void {
    const index = this.progress.indexOf(session.uid);
    if (index === undefined || this.#over) return;
    const reported = this.#raise(index, result.state as StateName, { result });
    this.#results.told(index, session);
    if (reported) this.#ports.finished(this.progress, index, result);
    this.#hearing.heard(index);
    if (!reported) return;
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

  /** What was told here and is not in the store: once the run is over, it is for somebody else to store. */
  unreleased(): Iterable<LateResult> {
    return this.#results.unreleased();
  }

  /** The lease is another one now: false where the job is another's. */
  async reclaim(): Promise<boolean> {
    const reclaimed = await this.writer.reclaim();
    if (reclaimed) this.#step();
    return reclaimed;
  }

  #raise(index: number, state: StateName, detail: { result?: ExecutionResult; startedUnixMs?: number } = {}): boolean {
    if (this.#results.isDecided(index)) return false;
    this.#rollout.report(index, state);
    return this.progress.raise(index, state, detail);
  }

  /** Carries out whatever the rollout has decided since. */
  #step(): void {
    if (this.#over) return;
    if (!this.#ports.admits(this.progress.id, this.writer.claim)) return this.#deposed();
    if (this.#ports.fenced()) {
      for (const index of this.#rollout.cancels()) this.#sendCancel(index);
      return this.#stepLater();
    }
    for (const [index, session] of this.#agents.asks()) this.#frames.offer(index, session);
    const { offer, cancel, skip, expire, superseded } = this.#rollout.decide(!this.#hearing.open);
    for (const index of offer) {
      const session = this.#agents.of(index);
      if (session) this.#frames.offer(index, session);
      else {
        this.#agents.gone(index);
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
    const session = this.#agents.of(index);
    if (session) this.#frames.cancel(index, session, this.#ending.cancelOptions);
  }

  #endUnoffered(index: number, state: 'EXECUTION_STATE_SKIPPED' | 'EXECUTION_STATE_EXPIRED', reason: string): void {
    if (isTerminal(this.progress.stateAt(index))) return;
    const result: ExecutionResult = { state, reason, finishedUnixMs: this.#ports.clock.now() };
    this.#results.decide({ target: index, attempt, result });
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
    for (const late of this.unreleased()) this.#ports.late(late);
  }
}
