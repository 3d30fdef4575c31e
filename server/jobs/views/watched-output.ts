import type { OutputChunk } from '../../../proto/gen/muster/v1/OutputChunk.ts';
import type { ExecutionId, NodeUid } from '../../../shared/ids.ts';
import type { Clock, Timer } from '../../../shared/time.ts';
import type { UnavailableReason } from '../../../shared/unavailable-reasons.ts';
import type { OutputStreamName } from '../../fleet/session.ts';
import { endOf } from '../../output/output-piece.ts';
import type { Outputs } from '../../output/outputs.ts';
import type { JobProgress } from '../progress.ts';
import { Queue } from '../queue.ts';
import { isTerminal } from '../states.ts';
import { chunkFields } from '../wire.ts';
import type { NodeAbsence } from './away-nodes.ts';
import {
  away,
  hasBegun,
  mayHaveOutput,
  outOfPatience,
  type Relay,
  type Resume,
  streams,
  undetermined,
} from './relay.ts';

export interface WatchedOutputOptions {
  readonly progress: JobProgress;
  readonly outputs: Outputs;
  readonly resume: ReadonlyMap<ExecutionId, Resume>;
  readonly nodes: NodeAbsence;
  readonly clock: Clock;
  /** There is something to take, nothing left to come, or a failure. */
  readonly changed: () => void;
}

/** One piece on its way out. */
export interface WaitingChunk {
  readonly chunk: OutputChunk;
  /** The piece behind it may come. */
  readonly sent: () => void;
  readonly failed: (reason: unknown) => void;
}

/** How often it is looked which nodes of a closed job are still out of reach. */
const lookEveryMs = 1000;

/** The output of a job's executions for one watcher: one piece a stream at a time. */
export class WatchedOutput {
  readonly #options: WatchedOutputOptions;
  readonly #followed = new Set<number>();
  readonly #waiting = new Queue<WaitingChunk>();
  /** By node uid. */
  readonly #relays = new Map<string, Set<Relay>>();
  #following = 0;
  /** Runs while output of a closed job is being waited for. */
  #look: Timer | undefined;
  #failure: unknown;
  #ended: unknown;

  constructor(options: WatchedOutputOptions) {
    this.#options = options;
  }

  /** Nothing is left to come, as far as is known now. */
  get idle(): boolean {
    return this.#following === 0;
  }

  /** Why it can't go on; undefined where it can. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The piece that has waited longest. */
  take(): WaitingChunk | undefined {
    return this.#waiting.shift();
  }

  /** Begins to read an execution's output once there can be any: as it is known here, or as the watcher knew it before. */
  begin(index: number): void {
    const { progress, resume } = this.#options;
    // The store knows no live states: what a closed job did not hear the end of may well have begun.
    const heard = progress.stateAt(index) !== 'EXECUTION_STATE_PENDING' || progress.state === 'closed';
    if (this.#followed.has(index) || !(heard || hasBegun(resume.get(progress.executionAt(index))))) return;
    this.#followed.add(index);
    for (const stream of streams) {
      if (!mayHaveOutput(progress, index, stream)) continue;
      this.#following += 1;
      this.#relay(index, stream).then(
        () => this.#followEnded(),
        (error: unknown) => {
          this.#failure ??= error;
          this.#followEnded();
        },
      );
    }
  }

  /** The job is: what was not heard of is undetermined now, and nobody waits for its output any longer. */
  closed(): void {
    const { progress } = this.#options;
    for (const relay of this.#all()) {
      if (this.#outOfPatience(relay)) relay.abort.abort(away);
      else if (!isTerminal(progress.stateAt(relay.index))) relay.abort.abort(undetermined);
    }
    this.#lookLater();
  }

  /** A node went away or came back. */
  nodeChanged(uid: string): void {
    if (this.#options.progress.state !== 'closed') return;
    for (const relay of this.#relays.get(uid) ?? []) this.#outOfPatience(relay);
  }

  /** Nobody takes anything any more. */
  end(reason: unknown): void {
    this.#ended = reason;
    this.#look?.cancel();
    for (let waiting = this.#waiting.shift(); waiting; waiting = this.#waiting.shift()) waiting.failed(reason);
    for (const relay of this.#all()) relay.abort.abort(reason);
  }

  *#all(): Generator<Relay> {
    for (const relays of this.#relays.values()) yield* relays;
  }

  #outOfPatience(relay: Relay): boolean {
    return outOfPatience(relay, this.#options.nodes, this.#options.clock);
  }

  #lookLater(): void {
    if (this.#following === 0 || this.#ended !== undefined) return;
    this.#look ??= this.#options.clock.after(lookEveryMs, () => {
      this.#look = undefined;
      for (const relay of this.#all()) if (this.#outOfPatience(relay)) relay.abort.abort(away);
      this.#lookLater();
    });
  }

  #followEnded(): void {
    this.#following -= 1;
    this.#options.changed();
  }

  async #relay(index: number, stream: OutputStreamName): Promise<void> {
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
      await this.#follow(relay);
    } finally {
      siblings.delete(relay);
      if (siblings.size === 0) this.#relays.delete(uid);
    }
  }

  async #follow(relay: Relay): Promise<void> {
    const untilPresent = relay.abort.signal.reason === undetermined;
    if (untilPresent) relay.abort = new AbortController();
    const { signal } = relay.abort;
    const { progress, outputs } = this.#options;
    const { stream, uid } = relay;
    const execution = progress.executionAt(relay.index);
    const head = { execution, node: progress.targets[relay.index]?.name ?? '', stream };
    const read = { execution, node: uid as NodeUid, stream, from: relay.position, untilPresent, signal };
    try {
      for await (const piece of outputs.follow(read)) {
        const unavailable = piece.type === 'present' && { unavailable: 'undetermined' satisfies UnavailableReason };
        await this.#queue({ ...head, ...chunkFields(piece), ...unavailable });
        relay.position = endOf(piece);
      }
    } catch (error) {
      if (signal.reason === undetermined) return await this.#follow(relay);
      if (signal.reason !== away) throw error;
      await this.#queue({ ...head, offset: relay.position, unavailable: 'node-away' satisfies UnavailableReason });
    }
  }

  #queue(chunk: OutputChunk): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#waiting.push({ chunk, sent: resolve, failed: reject });
      this.#options.changed();
    });
  }
}
