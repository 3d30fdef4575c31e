import { setImmediate } from 'node:timers/promises';
import type { Execution } from '../../../proto/gen/muster/v1/Execution.ts';
import type { WatchEvent } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import type { Clock } from '../../../shared/time.ts';
import type { Outputs } from '../../output/outputs.ts';
import type { JobProgress } from '../progress.ts';
import { isTerminal, raises } from '../states.ts';
import { executionMessage, executionsBytes, executionWeight, jobMessage } from '../wire.ts';
import type { NodeAbsence } from './away-nodes.ts';
import type { Resume } from './relay.ts';
import { WatchedOutput } from './watched-output.ts';

export interface WatchOptions {
  readonly progress: JobProgress;
  readonly outputs: Outputs | undefined;
  readonly resume: ReadonlyMap<ExecutionId, Resume>;
  readonly nodes: NodeAbsence;
  readonly clock: Clock;
  readonly coordinator: () => string;
  /** `bytes` is about what the event weighs, where that is known. */
  readonly send: (event: WatchEvent, bytes?: number) => Promise<void>;
  readonly signal: AbortSignal;
}

const executionsAMessage = 500;

/**
 * One watcher of one job: a snapshot of what it lacks, then every change, and the output behind them. Holds at most one mark a
 * target and one piece an output stream, however slow the reader. Ends when the job is closed and all output has been sent.
 */
export class Watcher {
  readonly #options: WatchOptions;
  readonly #dirty = new Set<number>();
  readonly #output: WatchedOutput | undefined;
  #jobDirty = true;
  #wake: (() => void) | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { outputs } = options;
    this.#output = outputs && new WatchedOutput({ ...options, outputs, changed: () => this.#wakeUp() });
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
        this.#output?.begin(index);
      }
      await this.#sendStates();
      await this.#send({ snapshotEnd: {} });
      await this.#pump();
    } finally {
      unsubscribe();
      unsubscribeNodes();
      signal.removeEventListener('abort', stop);
      this.#end(new Error('the watch is over'));
    }
  }

  #end(reason: unknown): void {
    this.#output?.end(reason);
    this.#wakeUp();
  }

  #changed(change: number | 'job'): void {
    if (change === 'job') {
      this.#jobDirty = true;
      if (this.#options.progress.state === 'closed') this.#closed();
    } else {
      this.#dirty.add(change);
      this.#output?.begin(change);
    }
    this.#wakeUp();
  }

  /** What was not heard of is undetermined now. */
  #closed(): void {
    const { progress } = this.#options;
    for (const index of progress.targets.keys()) if (!isTerminal(progress.stateAt(index))) this.#dirty.add(index);
    this.#output?.closed();
  }

  /** Whether somebody holds its node is shown with an execution. */
  #nodeChanged(uid: string): void {
    const { progress } = this.#options;
    const index = progress.indexOf(uid);
    if (index === undefined) return;
    this.#output?.nodeChanged(uid);
    if (isTerminal(progress.stateAt(index))) return;
    this.#dirty.add(index);
    this.#wakeUp();
  }

  /** States before output, one piece of output at a time. */
  async #pump(): Promise<void> {
    const { progress } = this.#options;
    for (;;) {
      if (this.#output?.failure !== undefined) throw this.#output.failure;
      if (progress.failure) throw progress.failure;
      await this.#sendStates();
      const next = this.#output?.take();
      if (next) {
        await this.#options.send({ output: next.chunk }, next.chunk.data?.length ?? 0).catch((error: unknown) => {
          next.failed(error);
          throw error;
        });
        next.sent();
      } else if (this.#dirty.size === 0 && !this.#jobDirty) {
        if (progress.state === 'closed' && (this.#output?.idle ?? true)) return;
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
