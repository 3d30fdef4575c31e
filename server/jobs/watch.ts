import { setImmediate } from 'node:timers/promises';
import type { Execution } from '../../proto/gen/muster/v1/Execution.ts';
import type { OutputChunk } from '../../proto/gen/muster/v1/OutputChunk.ts';
import type { WatchEvent } from '../../proto/gen/muster/v1/WatchEvent.ts';
import type { ExecutionId, NodeUid } from '../../shared/ids.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import type { UnavailableReason } from '../../shared/unavailable-reasons.ts';
import type { OutputStreamName } from '../fleet/session.ts';
import { endOf } from '../output/output-piece.ts';
import type { Outputs } from '../output/outputs.ts';
import type { NodeAbsence } from './away-nodes.ts';
import type { JobProgress } from './progress.ts';
import { Queue } from './queue.ts';
import { away, mayHaveOutput, outOfPatience, type Relay, streams, undetermined } from './relay.ts';
import { isTerminal, raises } from './states.ts';
import { chunkFields, executionMessage, executionsBytes, executionWeight, jobMessage } from './wire.ts';

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
  readonly nodes: NodeAbsence;
  readonly clock: Clock;
  readonly coordinator: () => string;
  readonly send: (event: WatchEvent) => Promise<void>;
  readonly signal: AbortSignal;
}

const executionsAMessage = 500;
/** How often it is looked which nodes of a closed job are still out of reach. */
const lookEveryMs = 1000;

/**
 * One watcher of one job: a snapshot of what it lacks, then every change, and the output behind them. Holds at most one mark a
 * target and one piece an output stream, however slow the reader. Ends when the job is closed and all output has been sent.
 */
export class Watcher {
  readonly #options: WatchOptions;
  readonly #dirty = new Set<number>();
  readonly #followed = new Set<number>();
  readonly #output = new Queue<{ chunk: OutputChunk; sent: () => void; failed: (reason: unknown) => void }>();
  /** By node uid. */
  readonly #relays = new Map<string, Set<Relay>>();
  #jobDirty = true;
  #following = 0;
  #wake: (() => void) | undefined;
  /** Runs while output of a closed job is being waited for. */
  #look: Timer | undefined;
  #failure: unknown;
  #ended: unknown;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Resolves when everything has been sent; rejects when the send fails or the signal aborts. */
  async run(): Promise<void> {
    const { progress, resume, signal } = this.#options;
    signal.throwIfAborted();
    const unsubscribe = progress.subscribe((change) => this.#changed(change));
    const unsubscribeNodes = this.#options.nodes.subscribe((uid) => this.#nodeChanged(uid));
    const stop = (): void => this.#end(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      for (let index = 0; index < progress.targets.length; index += 1) {
        const seen = resume.get(progress.executionAt(index));
        if (seen === undefined || raises(seen.state, progress.stateAt(index))) this.#dirty.add(index);
        this.#begin(index);
      }
      await this.#sendStates();
      await this.#send({ snapshotEnd: {} });
      await this.#pump();
    } finally {
      unsubscribe();
      unsubscribeNodes();
      signal.removeEventListener('abort', stop);
      this.#look?.cancel();
      this.#end(new Error('the watch is over'));
    }
  }

  #end(reason: unknown): void {
    this.#ended = reason;
    for (let waiting = this.#output.shift(); waiting; waiting = this.#output.shift()) waiting.failed(reason);
    for (const relay of this.#allRelays()) relay.abort.abort(reason);
    this.#wakeUp();
  }

  *#allRelays(): Generator<Relay> {
    for (const relays of this.#relays.values()) yield* relays;
  }

  #changed(change: number | 'job'): void {
    if (change === 'job') {
      this.#jobDirty = true;
      if (this.#options.progress.state === 'closed') this.#closed();
    } else {
      this.#dirty.add(change);
      this.#begin(change);
    }
    this.#wakeUp();
  }

  /** What was not heard of is undetermined now, and nobody waits for its output any longer. */
  #closed(): void {
    const { progress } = this.#options;
    for (const index of progress.targets.keys()) if (!isTerminal(progress.stateAt(index))) this.#dirty.add(index);
    for (const relay of this.#allRelays()) {
      if (this.#outOfPatience(relay)) relay.abort.abort(away);
      else if (!isTerminal(progress.stateAt(relay.index))) relay.abort.abort(undetermined);
    }
    this.#lookLater();
  }

  /** Whether somebody holds its node is shown with an execution. */
  #nodeChanged(uid: string): void {
    const { progress } = this.#options;
    const index = progress.indexOf(uid);
    if (index === undefined) return;
    if (progress.state === 'closed') for (const relay of this.#relays.get(uid) ?? []) this.#outOfPatience(relay);
    if (isTerminal(progress.stateAt(index))) return;
    this.#dirty.add(index);
    this.#wakeUp();
  }

  #outOfPatience(relay: Relay): boolean {
    return outOfPatience(relay, this.#options.nodes, this.#options.clock);
  }

  #lookLater(): void {
    if (this.#following === 0 || this.#ended !== undefined) return;
    this.#look ??= this.#options.clock.after(lookEveryMs, () => {
      this.#look = undefined;
      for (const relay of this.#allRelays()) if (this.#outOfPatience(relay)) relay.abort.abort(away);
      this.#lookLater();
    });
  }

  /** Begins to read an execution's output once there can be any. */
  #begin(index: number): void {
    const { progress, outputs } = this.#options;
    const state = progress.stateAt(index);
    // The store knows no live states: what a closed job did not hear the end of may well have begun.
    const unheard = state === 'EXECUTION_STATE_PENDING' && progress.state !== 'closed';
    if (!outputs || this.#followed.has(index) || unheard) return;
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
    const seen = resume.get(progress.executionAt(index));
    const stdout = stream === 'OUTPUT_STREAM_STDOUT';
    if (!target || (stdout ? seen?.stdoutEnded : seen?.stderrEnded)) return;
    const position = (stdout ? seen?.stdoutOffset : seen?.stderrOffset) ?? 0;
    const { uid } = target;
    const relay: Relay = { index, uid, stream, position, abort: new AbortController(), outOfReachMs: undefined };
    const siblings = this.#relays.get(uid) ?? new Set();
    this.#relays.set(uid, siblings.add(relay));
    if (progress.state === 'closed') {
      if (this.#outOfPatience(relay)) relay.abort.abort(away);
      else if (!isTerminal(progress.stateAt(index))) relay.abort.abort(undetermined);
      this.#lookLater();
    }
    try {
      await this.#follow(outputs, relay);
    } finally {
      siblings.delete(relay);
      if (siblings.size === 0) this.#relays.delete(uid);
    }
  }

  async #follow(outputs: Outputs, relay: Relay): Promise<void> {
    const untilPresent = relay.abort.signal.reason === undetermined;
    if (untilPresent) relay.abort = new AbortController();
    const { signal } = relay.abort;
    const { progress } = this.#options;
    const { stream, uid } = relay;
    const execution = progress.executionAt(relay.index);
    const head = { execution, node: progress.targets[relay.index]?.name ?? '', stream };
    try {
      const node = uid as NodeUid;
      for await (const piece of outputs.follow({
        execution,
        node,
        stream,
        from: relay.position,
        untilPresent,
        signal,
      })) {
        const unavailable = piece.type === 'present' && { unavailable: 'undetermined' satisfies UnavailableReason };
        await this.#queue({ ...head, ...chunkFields(piece), ...unavailable });
        relay.position = endOf(piece);
      }
    } catch (error) {
      if (signal.reason === undetermined) return await this.#follow(outputs, relay);
      if (signal.reason !== away) throw error;
      await this.#queue({ ...head, offset: relay.position, unavailable: 'node-away' satisfies UnavailableReason });
    }
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
      if (progress.failure) throw progress.failure;
      await this.#sendStates();
      const next = this.#output.shift();
      if (next) {
        await this.#send({ output: next.chunk }).catch((error: unknown) => {
          next.failed(error);
          throw error;
        });
        next.sent();
      } else if (this.#dirty.size === 0 && !this.#jobDirty) {
        if (progress.state === 'closed' && this.#following === 0) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        // What else comes in this turn of the loop shares the message: executions change by the thousand.
        if (this.#dirty.size > 0) await setImmediate();
        this.#options.signal.throwIfAborted();
      }
    }
  }

  async #sendStates(): Promise<void> {
    const { progress } = this.#options;
    while (this.#dirty.size > 0) {
      const executions: Execution[] = [];
      let bytes = 0;
      for (const index of this.#dirty) {
        const execution = this.#notBefore(
          executionMessage(progress, index, (uid) => this.#options.nodes.isAway(uid)),
          index,
        );
        if (execution === undefined) {
          this.#dirty.delete(index);
          continue;
        }
        bytes += executionWeight(execution);
        if (executions.length > 0 && bytes > executionsBytes) break;
        this.#dirty.delete(index);
        if (executions.push(execution) === executionsAMessage) break;
      }
      if (executions.length > 0) await this.#send({ executions: { executions } });
    }
    // The job's closing comes after the last of its executions.
    if (this.#jobDirty) {
      this.#jobDirty = false;
      await this.#send({ job: jobMessage(progress, this.#options.coordinator()) });
    }
  }

  /** What this replica has not heard (again) yet stays as the watcher knows it: states only move forward, on every replica. */
  #notBefore(execution: Execution, index: number): Execution | undefined {
    const seen = this.#options.resume.get(this.#options.progress.executionAt(index))?.state;
    const now = this.#options.progress.stateAt(index);
    if (seen === undefined || seen === now || isTerminal(now) || !(isTerminal(seen) || raises(now, seen)))
      return execution;
    return isTerminal(seen) ? undefined : { ...execution, state: seen };
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
