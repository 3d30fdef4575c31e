import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Cancel } from '../../proto/gen/muster/v1/Cancel.ts';
import type { ConnectRequest__Output } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ConnectResponse } from '../../proto/gen/muster/v1/ConnectResponse.ts';
import type { ExecutionEvent__Output } from '../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { Heartbeat__Output } from '../../proto/gen/muster/v1/Heartbeat.ts';
import type { Output__Output } from '../../proto/gen/muster/v1/Output.ts';
import { MusterError } from '../../shared/errors.ts';
import { type ExecutionId, type NodeUid, parseExecutionId } from '../../shared/ids.ts';
import { toServiceError } from '../../shared/rpc/status.ts';
import type { Clock } from '../../shared/time.ts';
import type { CompleteHello, HeldExecution } from './hello.ts';
import type { NodeSession, StartFrame } from './node-session.ts';
import { refusal } from './refusal.ts';
import { SendQueue } from './send-queue.ts';
import type { SessionEnd } from './session-end.ts';

export type AgentStream = ServerDuplexStream<ConnectRequest__Output, ConnectResponse>;
export type OutputStreamName = 'OUTPUT_STREAM_STDOUT' | 'OUTPUT_STREAM_STDERR';

/** Era first, then revision. */
export interface EpochValue {
  readonly era: number;
  readonly revision: number;
}

/** Whoever sits above the sessions. Called synchronously, in frame order; must not throw. */
export interface SessionSink {
  opened(session: Session): void;
  event(session: Session, execution: ExecutionId, event: ExecutionEvent__Output): void;
  heartbeat(session: Session, heartbeat: Heartbeat__Output): void;
  /** `detail` is free text, or empty. */
  closed(session: Session, reason: SessionEnd, detail: string): void;
}

/** What a read yields; the last call is a piece with `end` or `present`, `failed` or `lost`. */
export interface ReadSink {
  piece(output: Output__Output): void;
  /** The agent can't go on: an error of its `Output` frame. */
  failed(error: string): void;
  /** The session ended; read again in the next one, from where this one came to. */
  lost(): void;
}

export interface ReadHandle {
  /** Moves the credit: the agent may send up to `until`. */
  extend(until: number): void;
  close(): void;
}

export interface ReadOptions {
  readonly execution: ExecutionId;
  readonly stream: OutputStreamName;
  readonly from: number;
  readonly until: number;
  /** Stop at what there is, where the execution still runs. */
  readonly untilPresent?: boolean;
}

const inputFrameBytes = 64 * 1024;

/** One live stream of one agent, from its complete `Hello` to any failure. Never used again after that. */
export class Session implements NodeSession {
  readonly uid: NodeUid;
  readonly name: string;
  readonly hello: CompleteHello;
  readonly epoch: EpochValue;
  readonly #stream: AgentStream;
  readonly #queue: SendQueue<ConnectResponse>;
  readonly #abort = new AbortController();
  readonly #sink: SessionSink;
  readonly #reads = new Map<number, ReadSink>();
  readonly #started: Set<ExecutionId>;
  #lastReadId = 0;

  /** `fenced`: no Start may leave now. */
  constructor(options: {
    hello: CompleteHello;
    epoch: EpochValue;
    stream: AgentStream;
    sink: SessionSink;
    fenced: () => boolean;
    clock: Clock;
  }) {
    this.uid = options.hello.uid;
    this.name = options.hello.name;
    this.hello = options.hello;
    this.epoch = options.epoch;
    this.#stream = options.stream;
    this.#sink = options.sink;
    this.#started = new Set(options.hello.executions.keys());
    this.#queue = new SendQueue({
      ...{ stream: options.stream, signal: this.#abort.signal, fenced: options.fenced, clock: options.clock },
      failed: (error) => this.end('send-failed', undefined, error instanceof Error ? error.message : String(error)),
    });
  }

  get live(): boolean {
    return !this.#abort.signal.aborted;
  }

  welcome(frame: NonNullable<ConnectResponse['welcome']>): void {
    this.#queue.control({ welcome: frame });
  }

  start(execution: ExecutionId, { needs = [], valid, ...frame }: StartFrame): void {
    const lacking = this.holds(execution) ? undefined : needs.find((name) => !this.hello.capabilities.includes(name));
    const known = this.holds(execution);
    this.#started.add(execution);
    if (lacking === undefined) {
      const wanted = (): boolean => this.#leaves(execution, known, valid?.() ?? true);
      return this.#queue.guarded({ start: { ...frame, execution } }, wanted);
    }
    // It is never sent: an older agent would run it. Told later, as an agent's answer would be.
    queueMicrotask(() => {
      if (this.live) this.#sink.event(this, execution, refusal(execution, lacking));
    });
  }

  /** A Start's turn has come. One that is dropped leaves no trace: whoever drives the job now finds that the agent lacks it. */
  #leaves(execution: ExecutionId, known: boolean, valid: boolean): boolean {
    if (valid) this.#started.add(execution);
    else if (!known) this.#started.delete(execution);
    return valid;
  }

  held(execution: ExecutionId): HeldExecution | undefined {
    return this.hello.executions.get(execution);
  }

  /** The agent said that it has the execution, or was sent it in this session, and was not released from it. */
  holds(execution: ExecutionId): boolean {
    return this.#started.has(execution);
  }

  /** How many it holds. */
  get holding(): number {
    return this.#started.size;
  }

  /** Standard input of an execution, behind every control frame; its buffer is shared, not copied. */
  input(execution: ExecutionId, data: Buffer): void {
    this.#queue.bulk(inputFrames(execution, data, () => this.holds(execution)));
  }

  cancel(frame: Cancel): void {
    this.#queue.control({ cancel: frame });
  }

  release(executions: readonly ExecutionId[], unknownJob = false): void {
    for (const execution of executions) this.#started.delete(execution);
    for (let from = 0; from < executions.length; from += 512) {
      this.#queue.control({ release: { executions: executions.slice(from, from + 512), unknownJob } });
    }
  }

  reconnect(reason: string, afterMs: number): void {
    this.#queue.control({ reconnect: { reason, afterMs } });
  }

  /** Asks for output. The sink hears nothing synchronously. */
  read(options: ReadOptions, sink: ReadSink): ReadHandle {
    if (!this.live) {
      queueMicrotask(() => sink.lost());
      return { extend: () => {}, close: () => {} };
    }
    this.#lastReadId += 1;
    const readId = this.#lastReadId;
    this.#reads.set(readId, sink);
    this.#queue.control({ read: { readId, ...options } });
    const again = { readId, execution: options.execution, stream: options.stream, from: options.from };
    return {
      extend: (until) => {
        if (this.#reads.has(readId)) this.#queue.control({ read: { ...again, until } });
      },
      close: () => {
        if (this.#reads.delete(readId)) this.#queue.control({ read: { ...again, until: options.from, close: true } });
      },
    };
  }

  /** A frame after `Hello`. One that can't be read ends the session, naming the field. */
  receive(frame: ConnectRequest__Output): void {
    if (!this.live) return;
    if (frame.output) this.#output(frame.output);
    else if (frame.event) {
      const execution = frame.event.execution as ExecutionId;
      if (this.holds(execution) || parseExecutionId(execution)?.node === this.uid)
        this.#sink.event(this, execution, frame.event);
      else this.#refuse('event.execution', 'must be job/node uid/attempt of this node');
    } else if (frame.heartbeat) this.#sink.heartbeat(this, frame.heartbeat);
    else if (frame.hello) this.#refuse('hello', 'the session is open already');
    else this.#refuse('frame', 'none is set, or of a kind this replica does not know');
  }

  /** Ends the session, with an error to the agent where one is given. Again is harmless. */
  end(reason: SessionEnd, error?: MusterError, detail = error?.message ?? ''): void {
    if (!this.live) return;
    this.#abort.abort(new Error(reason));
    if (error) this.#stream.emit('error', toServiceError(error));
    else this.#stream.end();
    const reads = [...this.#reads.values()];
    this.#reads.clear();
    for (const read of reads) read.lost();
    this.#sink.closed(this, reason, detail);
  }

  #output(output: Output__Output): void {
    const sink = this.#reads.get(output.readId);
    // A frame that crossed our close on the way; the read is forgotten on both sides.
    if (sink === undefined) return;
    if (output.error !== '') {
      this.#reads.delete(output.readId);
      sink.failed(output.error);
      return;
    }
    if (output.end || output.present) this.#reads.delete(output.readId);
    sink.piece(output);
  }

  #refuse(field: string, message: string): void {
    this.end('bad-frame', new MusterError('FRAME_INVALID', `${field}: ${message}`, { field }));
  }
}

function* inputFrames(execution: ExecutionId, data: Buffer, wanted: () => boolean): Generator<ConnectResponse> {
  for (let offset = 0; offset < data.length && wanted(); offset += inputFrameBytes) {
    yield { input: { execution, offset, data: data.subarray(offset, offset + inputFrameBytes) } };
  }
}
