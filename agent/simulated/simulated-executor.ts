import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import type { Executor, ExecutorEvent, KnownExecutionView, Offer, OutputReader, StreamName } from '../executor.ts';
import { MemoryReader } from './memory-reader.ts';

export interface SimulatedExecutorOptions {
  readonly clock: Clock;
  /** From the start to the end of an execution; 0 = at once. */
  readonly delayMs: number;
  /** What every execution writes to stdout, all of it at its start. */
  readonly outputBytes: number;
  /** What the output is made of, over and over; may be shared. */
  readonly pattern: Buffer;
}

interface SimulatedExecution {
  readonly id: ExecutionId;
  readonly acceptedUnixMs: number;
  result: ExecutionResult | undefined;
  timer: Timer | undefined;
  /** Readers that stand at the end. */
  waiting: (() => void)[];
}

/**
 * Runs nothing: accepts whatever is offered, orders unread, and lets it succeed. For the bench: everything around it is what a
 * real agent has. It keeps no journal, wants no stdin, and its results bear no digests.
 */
export class SimulatedExecutor implements Executor {
  readonly #options: SimulatedExecutorOptions;
  readonly #executions = new Map<ExecutionId, SimulatedExecution>();
  readonly #listeners = new Set<(event: ExecutorEvent) => void>();
  #running = 0;

  constructor(options: SimulatedExecutorOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  subscribe(listener: (event: ExecutorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  known(): readonly KnownExecutionView[] {
    const { outputBytes: stdoutBytes } = this.#options;
    return [...this.#executions.values()].map(({ id, result }) => ({
      id,
      state: (result?.state ?? 'EXECUTION_STATE_RUNNING') as ExecutionState__Output,
      stdoutBytes,
      stderrBytes: 0,
    }));
  }

  present(id: ExecutionId): readonly ExecutorEvent[] {
    const execution = this.#executions.get(id);
    if (!execution) return [];
    const { acceptedUnixMs: atUnixMs, result } = execution;
    const accepted: ExecutorEvent = { execution: id, type: 'accepted', atUnixMs };
    if (result) return [accepted, { execution: id, type: 'finished', result }];
    return [accepted, { execution: id, type: 'started', atUnixMs, pid: 0 }];
  }

  offer({ execution: id }: Offer): void {
    if (this.#executions.has(id)) {
      for (const event of this.present(id)) this.#emit(event);
      return;
    }
    const { clock, delayMs } = this.#options;
    const execution: SimulatedExecution = {
      id,
      acceptedUnixMs: clock.now(),
      result: undefined,
      timer: undefined,
      waiting: [],
    };
    this.#executions.set(id, execution);
    this.#running += 1;
    for (const event of this.present(id)) this.#emit(event);
    const succeed = (): void => this.#end(execution, { state: 'EXECUTION_STATE_SUCCEEDED', exitCode: 0 });
    if (delayMs === 0) succeed();
    else execution.timer = clock.after(delayMs, succeed);
  }

  input(): void {}

  cancel(id: ExecutionId, signal: number): void {
    const cancelled = { state: 'EXECUTION_STATE_CANCELLED', signal: signal || 15 } as const;
    const execution = this.#executions.get(id);
    if (execution) return this.#end(execution, cancelled);
    const now = this.#options.clock.now();
    const tombstone: SimulatedExecution = {
      id,
      acceptedUnixMs: now,
      result: undefined,
      timer: undefined,
      waiting: [],
    };
    this.#executions.set(id, tombstone);
    this.#running += 1;
    this.#end(tombstone, { state: 'EXECUTION_STATE_CANCELLED' });
  }

  release(ids: readonly ExecutionId[]): void {
    for (const id of ids) if (this.#executions.get(id)?.result) this.#executions.delete(id);
  }

  openRead(id: ExecutionId, stream: StreamName, from: number): OutputReader | undefined {
    const execution = this.#executions.get(id);
    if (!execution) return undefined;
    const { pattern, outputBytes } = this.#options;
    const lengthBytes = stream === 'stdout' ? outputBytes : 0;
    const whenOver = (listener: () => void): void => {
      if (execution.result) listener();
      else execution.waiting.push(listener);
    };
    return new MemoryReader({ pattern, lengthBytes, whenOver }, from);
  }

  #end(execution: SimulatedExecution, how: Pick<ExecutionResult, 'state' | 'exitCode' | 'signal'>): void {
    if (execution.result) return;
    execution.timer?.cancel();
    const { clock, outputBytes } = this.#options;
    const finishedUnixMs = clock.now();
    const startedUnixMs = execution.acceptedUnixMs;
    execution.result = {
      ...how,
      acceptedUnixMs: startedUnixMs,
      startedUnixMs,
      finishedUnixMs,
      durationMs: Math.max(0, finishedUnixMs - startedUnixMs),
      stdout: { bytes: outputBytes },
      stderr: { bytes: 0 },
    };
    this.#running -= 1;
    this.#emit({ execution: execution.id, type: 'finished', result: execution.result });
    for (const listener of execution.waiting.splice(0)) listener();
  }

  #emit(event: ExecutorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
