import { loadavg } from 'node:os';
import type { ChannelCredentials, Client, ServiceError } from '@grpc/grpc-js';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { fromServiceError } from '../../shared/rpc/status.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import type { Executor, StreamName } from '../executor.ts';
import { ControlLane } from './control-lane.ts';
import { type ConnectStream, type DialSettings, dial, openStream } from './dial.ts';
import { type EpochStore, formatEpoch } from './epoch.ts';
import { frameIn } from './frame-in.ts';
import { type AgentIdentity, helloPages } from './hello.ts';
import { Pump } from './pump.ts';
import { Reads } from './reads.ts';
import {
  initialSessionState,
  isTerminal,
  type SessionEffect,
  type SessionEnd,
  type SessionInput,
  type SessionState,
  stepSession,
} from './session-state.ts';

export interface SessionSettings extends DialSettings {
  /** From the last page of Hello to Welcome. */
  readonly welcomeTimeoutMs: number;
  /** What is queued when the session shall end has so long to go out. */
  readonly drainTimeoutMs: number;
}

export interface SessionOptions {
  /** `host:port`. */
  readonly server: string;
  readonly credentials: ChannelCredentials;
  readonly executor: Executor;
  readonly identity: AgentIdentity;
  readonly epochs: EpochStore;
  readonly settings: SessionSettings;
  readonly clock: Clock;
  /** Bears `node.id`. */
  readonly log: Log;
  /** Called when the session is live. */
  readonly onLive?: (replica: string) => void;
}

export interface SessionOutcome extends SessionEnd {
  /** How long it was live; 0 where Welcome never came. */
  readonly liveMs: number;
}

/** What of a session is waiting to be written, for tests and metrics. */
export interface SessionLoad {
  readonly controlFrames: number;
  readonly outputReadyBytes: number;
  readonly outputInFlight: number;
  readonly reads: number;
}

/** A disk that takes longer over what an earlier session brought must not keep the agent from its replicas. */
const settleWithinMs = 5000;

/** A peer that sends nonsense shall not fill the disk with it. */
const maxWarnings = 20;

/** One session with one replica, from the dialling on. Any failure ends it; there is no second life. */
export class Session {
  readonly #options: SessionOptions;
  readonly #log: Log;
  readonly #ended = Promise.withResolvers<SessionOutcome>();
  readonly #aborted = new AbortController();
  readonly #control: ControlLane;
  readonly #reads: Reads;
  readonly #timers = new Set<Timer>();
  #state: SessionState = initialSessionState;
  #client: Client | undefined;
  #stream: ConnectStream | undefined;
  #pump: Pump | undefined;
  #unsubscribe: (() => void) | undefined;
  #liveSince: number | undefined;
  #warnings = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { executor, server } = options;
    this.#log = options.log.child({ 'session.server': server });
    this.#control = new ControlLane({ present: (execution) => executor.present(execution) });
    this.#reads = new Reads({
      openRead: (execution, stream, from) => executor.openRead(execution, stream, from),
      presentBytes: (execution, stream) => presentBytes(executor, execution, stream),
      onError: (output) => this.#send({ output }),
      onReady: () => this.#pump?.wake(),
    });
  }

  get load(): SessionLoad {
    return {
      controlFrames: this.#control.size,
      outputReadyBytes: this.#reads.readyBytes,
      outputInFlight: this.#pump?.outputInFlight ?? 0,
      reads: this.#reads.size,
    };
  }

  /** Dials and lives; resolves, never rejects, when the session is over and everything it had read is with the executor. */
  async run(): Promise<SessionOutcome> {
    const { server, credentials, settings, executor } = this.#options;
    try {
      // A Start that is read and not yet journaled would be missing in Hello, be given to another node, and be accepted here all the same.
      const ended = await Promise.race([executor.settled(settleWithinMs), this.#ended.promise]);
      if (ended) return ended;
      const client = await dial(server, credentials, settings, this.#aborted.signal);
      if (this.#state.name === 'ended') client.close();
      else this.#connected(client);
    } catch (error) {
      this.#input({ type: 'failed', end: { reason: 'connection', message: messageOf(error) } });
    }
    return await this.#ended.promise;
  }

  /** Says what is queued, then ends the session. */
  close(): void {
    this.#input({ type: 'close' });
  }

  #connected(client: Client): void {
    this.#client = client;
    const { executor, epochs, identity } = this.#options;
    const { uid } = identity;
    const stream = openStream(client);
    this.#stream = stream;
    stream.on('error', (error: ServiceError) => this.#over(failureOf(error)));
    stream.on('status', () => this.#over({ reason: 'connection', message: 'the replica ended the stream' }));
    stream.on('data', (frame) => this.#input({ type: 'frame', frame: frameIn(frame, uid) }));
    this.#pump = new Pump({ sink: stream, control: this.#control, reads: this.#reads });
    // Listen first, look then: what happens in between is told twice, not never.
    this.#unsubscribe = executor.subscribe((event) => {
      this.#input({ type: 'event', event });
      this.#reads.happened(event.execution, event.type === 'finished');
    });
    this.#input({ type: 'connected', highest: epochs.highest, known: executor.known() });
  }

  /** The stream is over. What it had delivered before still counts, so that the next Hello knows of it. */
  #over(end: SessionEnd): void {
    while (this.#state.name !== 'ended' && this.#stream?.read() != null);
    this.#input({ type: 'failed', end });
  }

  #input(input: SessionInput): void {
    const { state, effects } = stepSession(this.#state, input);
    this.#state = state;
    for (const effect of effects) {
      try {
        this.#perform(effect);
      } catch (error) {
        this.#log.error({ err: error }, 'session fails');
        return this.#input({ type: 'failed', end: { reason: 'internal', message: messageOf(error) } });
      }
    }
  }

  #perform(effect: SessionEffect): void {
    const { executor, identity, epochs, settings } = this.#options;
    switch (effect.type) {
      case 'say-hello': {
        for (const { id, state } of effect.known) if (!isTerminal(state)) this.#reads.expect(id);
        for (const page of helloPages(identity, effect.highest, effect.known)) this.#send(page);
        const afterMs = settings.welcomeTimeoutMs;
        return this.#after(afterMs, () => this.#input({ type: 'welcome-overdue', afterMs }));
      }
      case 'raise-epoch':
        return epochs.raise(effect.epoch);
      case 'live': {
        const { epoch, replica, heartbeatIntervalMs } = effect;
        this.#liveSince = this.#options.clock.monotonic();
        this.#log.info({ 'session.epoch': formatEpoch(epoch), 'replica.name': replica }, 'session is live');
        this.#options.onLive?.(replica);
        return this.#beat(heartbeatIntervalMs);
      }
      case 'send':
        return this.#send(effect.frame);
      case 'send-event':
        this.#control.pushEvent(effect.event);
        return this.#pump?.wake();
      case 'repeat':
        this.#control.repeat(effect.executions);
        return this.#pump?.wake();
      case 'offer':
        this.#reads.expect(effect.offer.execution);
        executor.offer(effect.offer);
        for (const read of effect.reads) this.#reads.request(read);
        return;
      case 'input':
        return executor.input(effect.execution, effect.offset, effect.data);
      case 'cancel':
        return executor.cancel(effect.execution, effect.signal, effect.graceMs);
      case 'read':
        return this.#reads.request(effect.read);
      case 'release':
        return executor.release(effect.executions);
      case 'warn':
        return this.#warn(effect.field, effect.message);
      case 'drain':
        this.#after(settings.drainTimeoutMs, () => this.#input({ type: 'drain-overdue' }));
        return this.#pump?.drain();
      case 'end':
        return this.#finish(effect.end);
    }
  }

  #send(frame: Parameters<ControlLane['push']>[0]): void {
    if (this.#control.push(frame)) return this.#pump?.wake();
    const message = 'the replica asks for more answers than it reads';
    this.#input({ type: 'failed', end: { reason: 'lane-full', message } });
  }

  #beat(everyMs: number): void {
    if (everyMs === 0) return;
    this.#after(everyMs, () => {
      // A peer that does not read gets no pile of heartbeats.
      if (this.#control.size === 0) {
        const loadPercent = Math.round((loadavg()[0] ?? 0) * 100);
        this.#input({ type: 'heartbeat-due', loadPercent, running: this.#options.executor.running });
      }
      this.#beat(everyMs);
    });
  }

  #warn(field: string, message: string): void {
    this.#warnings += 1;
    if (this.#warnings <= maxWarnings)
      this.#log.warn({ 'frame.field': field }, `frame is dropped: ${field}: ${message}`);
  }

  #after(ms: number, action: () => void): void {
    if (this.#state.name === 'ended') return;
    const timer = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }

  #finish(end: SessionEnd): void {
    this.#unsubscribe?.();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#pump?.stop();
    this.#reads.closeAll();
    this.#aborted.abort(new Error(end.message));
    this.#stream?.cancel();
    this.#client?.close();
    const { clock } = this.#options;
    const liveMs = this.#liveSince === undefined ? 0 : clock.monotonic() - this.#liveSince;
    const level = end.reason === 'reconnect' || end.reason === 'closed' ? 'info' : 'warn';
    this.#log[level](
      { 'session.end': end.reason, 'session.warnings': this.#warnings },
      `session is over: ${end.message}`,
    );
    this.#ended.resolve({ ...end, liveMs });
  }
}

function presentBytes(executor: Executor, execution: ExecutionId, stream: StreamName): number | undefined {
  const known = executor.known().find(({ id }) => id === execution);
  const runs = known?.state === 'EXECUTION_STATE_RUNNING' || known?.state === 'EXECUTION_STATE_DISPATCHED';
  if (!known || !runs) return undefined;
  return stream === 'stdout' ? known.stdoutBytes : known.stderrBytes;
}

function failureOf(error: ServiceError): SessionEnd {
  if (typeof error.code !== 'number') return { reason: 'internal', message: messageOf(error) };
  const { reason, message, retryAfterMs } = fromServiceError(error);
  return {
    reason: 'connection',
    message: `${reason}: ${message}`,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
