import type { OutputChunk } from '../../proto/gen/muster/v1/OutputChunk.ts';
import type { WatchEvent } from '../../proto/gen/muster/v1/WatchEvent.ts';
import { MusterError } from '../../shared/errors.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { OutputStreamName } from '../fleet/session.ts';
import type { OutputPiece } from '../output/output-piece.ts';
import type { Outputs } from '../output/outputs.ts';
import type { JobProgress } from './progress.ts';
import { isTerminal, raises } from './states.ts';
import { executionMessage, jobMessage } from './wire.ts';

/** What a watcher already has of one execution. */
export interface Resume {
  readonly state: ReturnType<JobProgress['stateAt']>;
  readonly stdoutOffset: number;
  readonly stderrOffset: number;
  readonly stdoutEnded: boolean;
  readonly stderrEnded: boolean;
}

export interface WatchOptions {
  readonly progress: JobProgress;
  readonly outputs: Outputs | undefined;
  readonly resume: ReadonlyMap<ExecutionId, Resume>;
  readonly nodeAway: (uid: string) => boolean;
  readonly coordinator: () => string;
  readonly send: (event: WatchEvent) => Promise<void>;
  readonly signal: AbortSignal;
}

interface Relay {
  readonly uid: string;
  readonly abort: AbortController;
}

const streams: readonly OutputStreamName[] = ['OUTPUT_STREAM_STDOUT', 'OUTPUT_STREAM_STDERR'];
const executionsAMessage = 500;

/**
 * One watcher of one job: a snapshot of what it lacks, then every change, and the output behind them. Holds at most one mark a
 * target and one piece an output stream, however slow the reader. Ends when the job is closed and all output has been sent.
 */
export class Watcher {
  readonly #options: WatchOptions;
  readonly #dirty = new Set<number>();
  readonly #followed = new Set<number>();
  readonly #output: { chunk: OutputChunk; sent: () => void; failed: (reason: unknown) => void }[] = [];
  readonly #relays = new Set<Relay>();
  #jobDirty = true;
  #following = 0;
  #wake: (() => void) | undefined;
  #failure: unknown;
  #ended: unknown;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Resolves when everything has been sent; rejects when the send fails or the signal aborts. */
  async run(): Promise<void> {
    const { progress, resume, signal } = this.#options;
    const unsubscribe = progress.subscribe((change) => this.#changed(change));
    const stop = (): void => this.#end(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      for (let index = 0; index < progress.targets.length; index += 1) {
        const seen = resume.get(progress.executionAt(index));
        if (seen === undefined || raises(seen.state, progress.stateAt(index))) this.#dirty.add(index);
        this.#follow(index);
      }
      await this.#sendStates();
      await this.#send({ snapshotEnd: {} });
      await this.#pump();
    } finally {
      unsubscribe();
      signal.removeEventListener('abort', stop);
      this.#end(new Error('the watch is over'));
    }
  }

  #end(reason: unknown): void {
    this.#ended = reason;
    for (const waiting of this.#output.splice(0)) waiting.failed(reason);
    for (const relay of this.#relays) relay.abort.abort(reason);
    this.#wakeUp();
  }

  #changed(change: number | 'job'): void {
    if (change === 'job') {
      this.#jobDirty = true;
      for (const relay of this.#relays) this.#giveUpOnAway(relay);
    } else {
      this.#dirty.add(change);
      this.#follow(change);
    }
    this.#wakeUp();
  }

  /** Begins to read an execution's output once there can be any. */
  #follow(index: number): void {
    const { progress, outputs } = this.#options;
    const state = progress.stateAt(index);
    if (!outputs || this.#followed.has(index) || state === 'EXECUTION_STATE_PENDING') return;
    this.#followed.add(index);
    for (const stream of streams) {
      if (!mayHaveOutput(progress, index, stream)) continue;
      this.#following += 1;
      this.#relay(outputs, index, stream).then(
        () => this.#followEnded(),
        (error: unknown) => {
          this.#failure ??= error;
          this.#followEnded();
        },
      );
    }
  }

  #followEnded(): void {
    this.#following -= 1;
    this.#wakeUp();
  }

  async #relay(outputs: Outputs, index: number, stream: OutputStreamName): Promise<void> {
    const { progress, resume } = this.#options;
    const target = progress.targets[index];
    const execution = progress.executionAt(index);
    const seen = resume.get(execution);
    const stdout = stream === 'OUTPUT_STREAM_STDOUT';
    if (!target || (stdout ? seen?.stdoutEnded : seen?.stderrEnded)) return;
    const from = (stdout ? seen?.stdoutOffset : seen?.stderrOffset) ?? 0;
    const head = { execution, node: target.name, stream };
    const relay = { uid: target.uid, abort: new AbortController() };
    this.#relays.add(relay);
    this.#giveUpOnAway(relay);
    const { signal } = relay.abort;
    try {
      for await (const piece of outputs.follow({ execution, node: target.uid, stream, from, signal })) {
        await this.#queue({ ...head, ...chunkFields(piece) });
      }
    } catch (error) {
      if (signal.reason !== nodeAway) throw error;
      await this.#queue({ ...head, unavailable: 'node-away' });
    } finally {
      this.#relays.delete(relay);
    }
  }

  /** Once the job is closed nothing says that a node that is away ever returns. */
  #giveUpOnAway(relay: Relay): void {
    if (this.#options.progress.state === 'closed' && this.#options.nodeAway(relay.uid)) relay.abort.abort(nodeAway);
  }

  #queue(chunk: OutputChunk): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#output.push({ chunk, sent: resolve, failed: reject });
      this.#wakeUp();
    });
  }

  /** States before output, one piece of output at a time. */
  async #pump(): Promise<void> {
    const { progress } = this.#options;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (progress.abandoned)
        throw new MusterError('REPLICA_STOPPING', 'the job moves to another coordinator; watch again');
      await this.#sendStates();
      const next = this.#output.shift();
      if (next) {
        await this.#send({ output: next.chunk });
        next.sent();
      } else if (this.#dirty.size === 0 && !this.#jobDirty) {
        if (progress.state === 'closed' && this.#following === 0) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#options.signal.throwIfAborted();
      }
    }
  }

  async #sendStates(): Promise<void> {
    const { progress } = this.#options;
    while (this.#dirty.size > 0) {
      const batch: number[] = [];
      for (const index of this.#dirty) {
        this.#dirty.delete(index);
        if (batch.push(index) === executionsAMessage) break;
      }
      const executions = batch.map((index) => executionMessage(progress, index, this.#options.nodeAway));
      await this.#send({ executions: { executions } });
    }
    // The job's closing comes after the last of its executions.
    if (this.#jobDirty) {
      this.#jobDirty = false;
      await this.#send({ job: jobMessage(progress, this.#options.coordinator()) });
    }
  }

  async #send(event: WatchEvent): Promise<void> {
    await this.#options.send(event);
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

const nodeAway = new Error('the node is away');

/** False for what never ran, and for a stream that is known to have stayed empty. */
function mayHaveOutput(progress: JobProgress, index: number, stream: OutputStreamName): boolean {
  if (!isTerminal(progress.stateAt(index))) return true;
  const result = progress.resultAt(index);
  if (!result || Number(result.startedUnixMs ?? 0) === 0) return false;
  const summary = stream === 'OUTPUT_STREAM_STDOUT' ? result.stdout : result.stderr;
  return Number(summary?.bytes ?? 0) > 0 || (summary?.gaps?.length ?? 0) > 0;
}

export function chunkFields(piece: OutputPiece): Pick<OutputChunk, 'offset' | 'data' | 'gap' | 'end' | 'unavailable'> {
  switch (piece.type) {
    case 'data':
      return { offset: piece.offset, data: piece.data };
    case 'gap':
      return { offset: piece.from, gap: { from: piece.from, until: piece.until, reason: piece.reason } };
    case 'end':
      return { offset: piece.offset, end: true };
    case 'present':
      return { offset: piece.offset };
    case 'unavailable':
      return { offset: piece.offset, unavailable: piece.reason };
  }
}
