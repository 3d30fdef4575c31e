import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Clock, Timer } from '../../shared/time.ts';
import type { Executor, ExecutorEvent, KnownExecutionView, Offer, OutputReader, StreamName } from '../executor.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import type { History } from './history.ts';
import { MemoryReader, type PatternStream } from './memory-reader.ts';
import type { SyntheticOutput } from './synthetic-output.ts';

export interface SimulatedExecutorOptions {
  readonly clock: Clock;
  /** Of executions whose order does not say (behaviour.ts). */
  readonly behaviour: Behaviour;
  /** May be shared, as may the history. */
  readonly output: SyntheticOutput;
  readonly history: History;
}

interface SimulatedExecution {
  readonly id: ExecutionId;
  readonly behaviour: Behaviour;
  readonly acceptedUnixMs: number;
  readonly startedMs: number;
  result: ExecutionResult | undefined;
  timer: Timer | undefined;
  /** Readers that stand at the end. */
  waiting: Set<() => void>;
}

/** Ids are kept past their release, so that nothing offered again starts again; the oldest are forgotten beyond this. */
const mostReleased = 10_000;
const never: Behaviour = { delayMs: 0, outputBytes: 0, outputEveryMs: 0, exitCode: 0 };

/**
 * Runs nothing: accepts what is offered and lets it end as its order says, or else all alike. Everything around it is what a real
 * agent has. It keeps no journal, so that its ids live as long as the process; it wants no stdin, and its results bear no digests.
 */
export class SimulatedExecutor implements Executor {
  readonly #options: SimulatedExecutorOptions;
  readonly #executions = new Map<ExecutionId, SimulatedExecution>();
  readonly #released = new Map<ExecutionId, ExecutionResult>();
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
    return [...this.#executions.values()].map((execution) => ({
      id: execution.id,
      state: (execution.result?.state ?? 'EXECUTION_STATE_RUNNING') as ExecutionState__Output,
      stdoutBytes: this.#writtenBytes(execution),
      stderrBytes: 0,
    }));
  }

  present(id: ExecutionId): readonly ExecutorEvent[] {
    const execution = this.#executions.get(id);
    const result = execution?.result ?? this.#released.get(id);
    const atUnixMs = execution?.acceptedUnixMs ?? Number(result?.acceptedUnixMs ?? 0);
    const accepted: ExecutorEvent = { execution: id, type: 'accepted', atUnixMs };
    if (result) return [accepted, { execution: id, type: 'finished', result }];
    return execution ? [accepted, { execution: id, type: 'started', atUnixMs, pid: 0 }] : [];
  }

  offer({ execution: id, order }: Offer): void {
    if (this.#executions.has(id) || this.#released.has(id)) {
      for (const event of this.present(id)) this.#emit(event);
      return;
    }
    let behaviour: Behaviour;
    try {
      behaviour = behaviourOf(id, order, this.#options.behaviour);
    } catch (error) {
      const message = (error as Error).message.slice(0, 1024);
      return this.#end(this.#add(id, never), { state: 'EXECUTION_STATE_REJECTED', reason: 'order', message });
    }
    const execution = this.#add(id, behaviour);
    this.#options.history.add({ event: 'start', execution: id });
    for (const event of this.present(id)) this.#emit(event);
    const { delayMs, exitCode } = behaviour;
    const state = exitCode === 0 ? 'EXECUTION_STATE_SUCCEEDED' : 'EXECUTION_STATE_FAILED';
    const end = (): void => this.#end(execution, { state, exitCode });
    if (delayMs === 0) end();
    else execution.timer = this.#options.clock.after(delayMs, end);
  }

  input(): void {}

  /** Whatever is offered is decided at once. */
  async settled(): Promise<void> {}

  cancel(id: ExecutionId, signal: number): void {
    if (this.#released.has(id)) return;
    const execution = this.#executions.get(id);
    if (execution) return this.#end(execution, { state: 'EXECUTION_STATE_CANCELLED', signal: signal || 15 });
    this.#end(this.#add(id, never), { state: 'EXECUTION_STATE_CANCELLED' });
  }

  release(ids: readonly ExecutionId[]): void {
    for (const id of ids) {
      const result = this.#executions.get(id)?.result;
      if (result === undefined) continue;
      this.#executions.delete(id);
      this.#released.set(id, result);
      if (this.#released.size > mostReleased)
        for (const oldest of this.#released.keys()) {
          this.#released.delete(oldest);
          break;
        }
    }
  }

  openRead(id: ExecutionId, stream: StreamName, from: number): OutputReader | undefined {
    const execution = this.#executions.get(id);
    const result = execution?.result ?? this.#released.get(id);
    if (!execution && !result) return undefined;
    const { output } = this.#options;
    const lengthBytes = (): number => {
      if (stream === 'stderr') return 0;
      return execution ? this.#writtenBytes(execution) : Number(result?.stdout?.bytes ?? 0);
    };
    const source: PatternStream = {
      pattern: output.pattern,
      shift: output.shift(id),
      get lengthBytes() {
        return lengthBytes();
      },
      get over() {
        return !execution || execution.result !== undefined;
      },
      whenMore: (listener) => this.#whenMore(execution, listener),
    };
    return new MemoryReader(source, from);
  }

  #add(id: ExecutionId, behaviour: Behaviour): SimulatedExecution {
    const { clock } = this.#options;
    const execution: SimulatedExecution = {
      ...{ id, behaviour, acceptedUnixMs: clock.now(), startedMs: clock.monotonic() },
      ...{ result: undefined, timer: undefined, waiting: new Set() },
    };
    this.#executions.set(id, execution);
    this.#running += 1;
    return execution;
  }

  /** Of standard output, by now. */
  #writtenBytes({ behaviour, startedMs, result }: SimulatedExecution): number {
    if (result) return Number(result.stdout?.bytes ?? 0);
    const { delayMs, outputBytes, outputEveryMs } = behaviour;
    if (outputEveryMs === 0 || delayMs === 0) return outputBytes;
    const elapsedMs = this.#options.clock.monotonic() - startedMs;
    const toldMs = Math.floor(elapsedMs / outputEveryMs) * outputEveryMs;
    return Math.min(outputBytes, Math.floor((outputBytes * toldMs) / delayMs));
  }

  #whenMore(execution: SimulatedExecution | undefined, listener: () => void): () => void {
    if (!execution || execution.result) {
      listener();
      return () => {};
    }
    const { waiting, behaviour, startedMs } = execution;
    waiting.add(listener);
    const { outputEveryMs } = behaviour;
    if (outputEveryMs === 0) return () => waiting.delete(listener);
    const { clock } = this.#options;
    const nextMs = outputEveryMs - ((clock.monotonic() - startedMs) % outputEveryMs);
    const timer = clock.after(nextMs, listener);
    return () => {
      timer.cancel();
      waiting.delete(listener);
    };
  }

  #end(
    execution: SimulatedExecution,
    how: Pick<ExecutionResult, 'state' | 'reason' | 'message' | 'exitCode' | 'signal'>,
  ): void {
    if (execution.result) return;
    execution.timer?.cancel();
    const { clock, history } = this.#options;
    const finishedUnixMs = clock.now();
    const startedUnixMs = execution.acceptedUnixMs;
    const { outputBytes } = execution.behaviour;
    const ran = how.exitCode !== undefined;
    execution.result = {
      ...how,
      acceptedUnixMs: startedUnixMs,
      startedUnixMs: how.state === 'EXECUTION_STATE_REJECTED' ? 0 : startedUnixMs,
      finishedUnixMs,
      durationMs: Math.max(0, finishedUnixMs - startedUnixMs),
      // All of it where it came to its end, else what it had written.
      stdout: { bytes: ran ? outputBytes : this.#writtenBytes(execution) },
      stderr: { bytes: 0 },
    };
    this.#running -= 1;
    history.add({ event: 'end', execution: execution.id, state: String(how.state) });
    this.#emit({ execution: execution.id, type: 'finished', result: execution.result });
    for (const listener of [...execution.waiting]) listener();
    execution.waiting.clear();
  }

  #emit(event: ExecutorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
