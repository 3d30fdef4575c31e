import type {
  Executor,
  ExecutorEvent,
  KnownExecutionView,
  Offer,
  OutputReader,
  StreamName,
} from '../../agent/executor.ts';
import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';
import { type ExecutionId, executionId, type JobId, type NodeUid } from '../../shared/ids.ts';

export const testUid = 'a'.repeat(32) as NodeUid;

/** Execution id number n on the test node. */
export const testId = (n: number): ExecutionId => executionId(n.toString(16).padStart(32, '0') as JobId, testUid, 1);

/** An executor whose answers are the test's: notes what it is asked, tells what `emit` is given. */
export class FakeExecutor implements Executor {
  readonly offers: Offer[] = [];
  readonly inputs: { execution: ExecutionId; offset: number; data: Buffer }[] = [];
  readonly cancels: { execution: ExecutionId; signal: number; graceMs: number | undefined }[] = [];
  readonly releases: ExecutionId[][] = [];
  readonly readers = new Map<string, () => OutputReader>();
  /** What `settled` waits for. */
  onSettle: (withinMs: number) => Promise<void> = async () => {};
  onOffer: (offer: Offer) => void = () => {};
  running = 0;
  readonly #events = new Map<ExecutionId, ExecutorEvent[]>();
  readonly #listeners = new Set<(event: ExecutorEvent) => void>();

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Lets something happen: it is known from then on, and told. */
  emit(event: ExecutorEvent): void {
    this.#events.set(event.execution, [...(this.#events.get(event.execution) ?? []), event]);
    for (const listener of this.#listeners) listener(event);
  }

  accept(execution: ExecutionId): void {
    this.emit({ execution, type: 'accepted', atUnixMs: 1 });
  }

  succeed(execution: ExecutionId): void {
    this.emit({ execution, type: 'finished', result: { state: 'EXECUTION_STATE_SUCCEEDED', exitCode: 0 } });
  }

  subscribe(listener: (event: ExecutorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  known(): readonly KnownExecutionView[] {
    return [...this.#events].map(([id, events]) => ({ id, state: stateOf(events), stdoutBytes: 0, stderrBytes: 0 }));
  }

  present(execution: ExecutionId): readonly ExecutorEvent[] {
    return this.#events.get(execution) ?? [];
  }

  offer(offer: Offer): void {
    this.offers.push(offer);
    this.onOffer(offer);
  }

  input(execution: ExecutionId, offset: number, data: Buffer): void {
    this.inputs.push({ execution, offset, data });
  }

  settled(withinMs: number): Promise<void> {
    return this.onSettle(withinMs);
  }

  cancel(execution: ExecutionId, signal: number, graceMs: number | undefined): void {
    this.cancels.push({ execution, signal, graceMs });
  }

  release(executions: readonly ExecutionId[]): void {
    this.releases.push([...executions]);
    for (const execution of executions) this.#events.delete(execution);
  }

  openRead(execution: ExecutionId, stream: StreamName, from: number): OutputReader | undefined {
    const open = this.readers.get(`${execution} ${stream} ${from}`) ?? this.readers.get(`${execution} ${stream}`);
    return open?.();
  }
}

function stateOf(events: readonly ExecutorEvent[]): ExecutionState__Output {
  const last = events.at(-1);
  if (last?.type === 'finished') return last.result.state as ExecutionState__Output;
  return last?.type === 'started' ? 'EXECUTION_STATE_RUNNING' : 'EXECUTION_STATE_DISPATCHED';
}
