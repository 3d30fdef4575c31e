import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { ValidOrder } from '../../shared/order.ts';
import type { Timer } from '../../shared/time.ts';
import type { EndingCause, JournalEntry } from '../journal/record.ts';
import { isAlive } from '../sandbox/process-table.ts';
import type { HostUser } from '../sandbox/run-as.ts';
import type { Spool } from '../spool/spool.ts';
import { readExit, readStarted } from '../supervisor/exit-file.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { EndRequests } from './end-requests.ts';
import { type FinishedRun, finishExecution } from './finish.ts';
import { FolderEvents } from './folder-events.ts';
import { nextStep } from './look.ts';
import type { ExecutionPorts } from './ports.ts';
import type { Place } from './preparation.ts';
import type { RecoveryStep } from './recovery.ts';
import { interruptedOutcome, type Outcome, unrunOutcome } from './results.ts';
import { containmentOf, openSpool, readPlace } from './run-parts.ts';
import { sendToSupervisor } from './start.ts';
import { TreeEnd } from './tree-end.ts';
import { Turn } from './turn.ts';

export interface ExecutionOptions {
  readonly id: ExecutionId;
  /** Undefined = the journal does not explain its folder. */
  readonly order: ValidOrder | undefined;
  readonly digest: string;
  readonly acceptedUnixMs: number;
  readonly traceparent: string;
  readonly user: HostUser | undefined;
  /** Why it can't start though it was accepted (its user has gone since). */
  readonly obstacle?: string;
  /** Its place in the journal. */
  readonly turn: number;
  /** It was found in the journal. */
  readonly recovered: boolean;
  readonly ports: ExecutionPorts;
}

/** How often a supervisor that is not this process's child is looked at. */
const lookMs = 500;
/** After an error that was none of the command's. */
const againMs = 1000;
const mostFailures = 3;

/**
 * One execution from its acceptance to its result. `run` follows the rules of docs/recovery.md from whatever state it is
 * in, so that a first start, a lost supervisor and a restart of the agent are one path. It never rejects.
 */
export class Execution {
  readonly id: ExecutionId;
  readonly digest: string;
  readonly order: ValidOrder | undefined;
  readonly acceptedUnixMs: number;
  /** Once `started` was seen. */
  started: { readonly atUnixMs: number; readonly pid: number } | undefined;
  result: ExecutionResult | undefined;
  /** Resolves once the command runs; undefined where it never will. */
  readonly spool: Promise<Spool | undefined>;
  readonly #options: ExecutionOptions;
  readonly #ports: ExecutionPorts;
  readonly #log: Log;
  readonly #folder: string;
  readonly #events: FolderEvents;
  #resolveSpool: (spool: Spool | undefined) => void = () => {};
  #openSpool: Spool | undefined;
  #supervisor: Supervisor | undefined;
  #tree: TreeEnd | undefined;
  /** Before `started` there is nobody to signal. */
  readonly #ends: EndRequests;
  readonly #turn: Turn;
  readonly #stopped = (): boolean => this.#closed || this.#ends.ending !== undefined;
  #deadline: Timer | undefined;
  #gateMs: number | undefined;
  #settling = false;
  /** Why it can't start. */
  #obstacle: string | undefined;
  #failures = 0;
  #failedStarts = 0;
  #lost = 0;
  #closed = false;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#ports = options.ports;
    this.id = options.id;
    this.digest = options.digest;
    this.order = options.order;
    this.acceptedUnixMs = options.acceptedUnixMs;
    this.#log = options.ports.log.child({ 'execution.id': options.id });
    this.#obstacle = options.obstacle;
    this.#folder = options.ports.folders.execution(options.id);
    this.#events = new FolderEvents({ path: this.#folder, clock: options.ports.clock });
    this.#ends = new EndRequests({
      id: options.id,
      ports: options.ports,
      log: this.#log,
      over: () => this.#settling || this.#closed || this.result !== undefined,
      onRequest: () => (this.started ? this.#signalAsked() : this.#events.changed.raise()),
    });
    this.#turn = new Turn({
      id: options.id,
      order: options.order,
      turn: options.turn,
      placed: this.#entry?.starting !== undefined,
      ports: options.ports,
      events: this.#events,
      stopped: this.#stopped,
    });
    this.spool = new Promise((resolve) => {
      this.#resolveSpool = resolve;
    });
  }

  /** Bytes of output so far. */
  get bytes(): { stdout: number; stderr: number } {
    return { stdout: this.#openSpool?.bytes('stdout') ?? 0, stderr: this.#openSpool?.bytes('stderr') ?? 0 };
  }

  /** It runs or has run: known at once of one that an earlier agent started. */
  get begun(): boolean {
    return this.started !== undefined || (this.#options.recovered && readStarted(this.#folder) !== undefined);
  }

  /** Resolves with its end, or, once closed, without. */
  async run(): Promise<void> {
    while (!this.#closed && !this.result) {
      const step = this.#look();
      try {
        if (step.step === 'start') await this.#start();
        else if (step.step === 'watch') await this.#watch();
        else await this.#finish(step);
      } catch (err) {
        if (!this.#closed) await this.#failed(step, err as Error);
      }
    }
    this.#rest();
  }

  /** Journals the end's cause, then ends the tree. Nothing where it is over already. */
  end(cause: EndingCause, signal: number, graceMs: number, overrunMs = 0): Promise<void> {
    return this.#ends.take(cause, { signal, graceMs }, overrunMs);
  }

  /** Stops looking after it; what runs goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#events.close();
    await this.#openSpool?.close();
  }

  get #entry(): JournalEntry | undefined {
    return this.#ports.journal.get(this.id);
  }

  #look(): RecoveryStep {
    const { order } = this;
    const ending = this.#ends.ending?.cause;
    const step = nextStep({
      ...{ folder: this.#folder, order, starting: this.#entry?.starting, lost: this.#lost, ending, ports: this.#ports },
    });
    return step.step === 'start' && this.#obstacle !== undefined ? { step: 'end', end: 'lost' } : step;
  }

  /** An error is tried again: before the gate line some times only, after it at last without the output. */
  async #failed({ step }: RecoveryStep, err: Error): Promise<void> {
    this.#log.error({ err, step }, 'an execution could not go on');
    await this.#openSpool?.close();
    this.#openSpool = undefined;
    if (step !== 'start') {
      this.#failures++;
      await this.#events.past(this.#events.changed.version, againMs);
    } else if (this.#failedStarts++ < mostFailures) await this.#turn.until(this.#ports.clock.now() + againMs);
    else this.#obstacle = err.message;
  }

  async #start(): Promise<void> {
    const { ports, order, traceparent, user } = this.#options;
    if (order === undefined || !(await this.#turn.come())) return;
    const stopped = this.#stopped;
    const sent = await sendToSupervisor({ id: this.id, order, traceparent, user, ports, stopped });
    this.#supervisor = sent?.supervisor;
    this.#gateMs = sent?.gateMs;
  }

  /** Follows a supervisor until there is an exit or it has gone. */
  async #watch(): Promise<void> {
    const starting = this.#entry?.starting;
    if (starting === undefined) return;
    const { changed } = this.#events;
    this.#events.watch();
    void this.#supervisor?.gone.then(() => changed.raise());
    this.#openSpool ??= await this.#spoolOf(starting);
    this.#armTimeout(starting.monotonicMs);
    for (;;) {
      const { version } = changed;
      const alive = isAlive(starting.supervisor);
      if (!this.started) this.#noteStarted(starting.atUnixMs);
      if (this.#closed || readExit(this.#folder) || !alive) break;
      await this.#events.past(version, lookMs);
    }
    this.#deadline?.cancel();
    if (!this.started && !this.#closed) {
      // Lost before it began: the next one has a spool of its own.
      if (this.#supervisor) this.#lost++;
      this.#supervisor = undefined;
      await this.#openSpool.close();
      this.#openSpool = undefined;
    }
  }

  #noteStarted(startingUnixMs: number): void {
    const started = readStarted(this.#folder);
    if (started === undefined) return;
    // While its numbers are being written there will be another event; without them the pid is not known.
    if (started === 'unreadable' && this.#gateMs !== undefined && !readExit(this.#folder)) return;
    const atUnixMs = this.#gateMs === undefined ? startingUnixMs : this.#ports.clock.now();
    this.started = { atUnixMs, pid: started === 'unreadable' ? 0 : started.pid };
    this.#resolveSpool(this.#openSpool);
    this.#ports.emit({ execution: this.id, type: 'started', ...this.started });
    const { ending } = this.#ends;
    if (ending && this.#options.recovered && !this.#settling) this.#ends.resume(ending);
    this.#signalAsked();
  }

  #signalAsked(): void {
    const { bootId, clock } = this.#ports;
    for (const { signal, graceMs } of this.#ends.unsent()) {
      const containment = containmentOf(this.id, this.#entry?.starting, bootId);
      this.#tree ??= new TreeEnd({ containment, clock, log: this.#log });
      this.#tree.send(signal, graceMs);
    }
  }

  #armTimeout(startedMs: number): void {
    const limits = this.order?.limits;
    if (limits === undefined || limits.timeoutMs === 0 || this.#ends.ending) return;
    const leftMs = startedMs + limits.timeoutMs - this.#ports.bootClock();
    // Over already when it was found: nobody was there to keep the promise, and the result says by how much.
    const overrunMs = this.#gateMs === undefined ? Math.max(0, -leftMs) : 0;
    this.#deadline?.cancel();
    this.#deadline = this.#ports.clock.after(Math.max(0, leftMs), () => {
      this.end('timeout', 15, limits.graceMs, overrunMs).catch((err: unknown) => this.#log.error({ err }, 'no end'));
    });
  }

  async #finish(step: RecoveryStep): Promise<void> {
    this.#settling = true;
    this.#tree?.stop();
    const entry = this.#entry;
    const starting = entry?.starting;
    const begun = step.step === 'settle' || step.step === 'interrupt';
    const exit = step.step === 'settle' ? readExit(this.#folder) : undefined;
    if (exit) this.#ports.failpoints.pass('exit');
    const place = starting ?? (begun ? readPlace(this.#folder) : undefined);
    const readable = begun && place !== undefined && this.#failures < mostFailures;
    if (readable) this.#openSpool ??= await this.#spoolOf(place);
    this.#ends.unsent();
    if (begun && !this.started && starting) this.#noteStarted(starting.atUnixMs);
    let outcome: Outcome | undefined;
    if (step.step === 'interrupt') outcome = interruptedOutcome(step.reason, this.#ends.ending?.cause);
    if (step.step === 'end') outcome = unrunOutcome(step.end, this.#obstacle);
    const run: FinishedRun = {
      id: this.id,
      digest: this.digest,
      order: this.order,
      acceptedUnixMs: this.acceptedUnixMs,
      folder: this.#folder,
      exit,
      outcome,
      begun,
      starting,
      place,
      ending: this.#ends.ending,
      tree: this.#tree,
      startedUnixMs: this.started?.atUnixMs,
      watchedMs: this.#gateMs === undefined ? undefined : this.#ports.bootClock() - this.#gateMs,
      spool: this.#openSpool,
    };
    const result = await finishExecution(run, { ports: this.#ports, log: this.#log, closed: () => this.#closed });
    if (result === undefined) return;
    this.result = result;
    this.#ports.failpoints.pass('journaled');
    this.#ports.emit({ execution: this.id, type: 'finished', result });
  }

  #spoolOf(place: Place): Promise<Spool> {
    return openSpool(place, {
      ports: this.#ports,
      log: this.#log,
      exitComplete: () => readExit(this.#folder) !== undefined,
      supervisorAlive: () => {
        const starting = this.#entry?.starting;
        return starting !== undefined && isAlive(starting.supervisor);
      },
      onBound: () => {
        const limits = this.order?.limits;
        if (limits?.outputPolicy !== 'kill') return;
        this.end('output-bound', 15, limits.graceMs).catch((err: unknown) => this.#log.error({ err }, 'no end'));
      },
    });
  }

  #rest(): void {
    this.#deadline?.cancel();
    this.#tree?.stop();
    this.#events.close();
    // The next of a closed agent knows by STARTING who has a place.
    if (!this.#closed) this.#turn.over();
    this.#resolveSpool(this.#openSpool);
  }
}
