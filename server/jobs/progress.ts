import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';
import type { JobCounts } from '../../proto/gen/muster/v1/JobCounts.ts';
import type { MusterError } from '../../shared/errors.ts';
import { type ExecutionId, executionId, type JobId } from '../../shared/ids.ts';
import type { ValidOrder } from '../../shared/order.ts';
import type { SignedOrder } from '../../shared/signing/order-signature.ts';
import type { StoredJob, Target } from './job-store.ts';
import { isTerminal, raises } from './states.ts';

/** In the order in which they follow each other; any but the last may be left out. */
const jobStates = ['open', 'stopping', 'cancelling', 'closed'] as const;

export type JobStateName = (typeof jobStates)[number];

/** Undefined for what is no state of a job. */
export const jobStateOf = (text: string): JobStateName | undefined => jobStates.find((state) => state === text);

/** What changed: the target of that index, or the job itself. */
export type ProgressChange = number | 'job';

/**
 * What is known of one job's executions, and everybody who watches it. States only move forward; the first terminal result
 * stands. Attempts above one come with retries.
 */
export class JobProgress {
  readonly id: JobId;
  readonly order: ValidOrder;
  /** As it goes to agents: one buffer of each for all nodes. */
  readonly signed: SignedOrder;
  readonly targets: readonly Target[];
  readonly submittedUnixMs: number;
  readonly traceparent: string;
  readonly #states: ExecutionState__Output[];
  readonly #results: (ExecutionResult | undefined)[];
  readonly #started: number[];
  readonly #indexes = new Map<string, number>();
  readonly #listeners = new Set<(change: ProgressChange) => void>();
  readonly #counts = new Map<ExecutionState__Output, number>();
  state: JobStateName;
  reason: string;
  closedUnixMs: number;
  /** Nobody tells this object anything any more, and why. */
  failure: MusterError | undefined;

  constructor(options: { job: StoredJob; order: ValidOrder; targets: readonly Target[] }) {
    const { job, order, targets } = options;
    this.id = job.id;
    this.order = order;
    this.signed = { order: job.orderBytes, signature: job.signature };
    this.targets = targets;
    this.submittedUnixMs = job.submittedUnixMs;
    this.traceparent = job.traceparent;
    this.state = job.record.state as JobStateName;
    this.reason = job.record.reason;
    this.closedUnixMs = job.record.closedUnixMs;
    this.#states = targets.map(() => 'EXECUTION_STATE_PENDING');
    this.#results = targets.map(() => undefined);
    this.#started = targets.map(() => 0);
    for (const [index, target] of targets.entries()) this.#indexes.set(target.uid, index);
    this.#counts.set('EXECUTION_STATE_PENDING', targets.length);
  }

  indexOf(uid: string): number | undefined {
    return this.#indexes.get(uid);
  }

  executionAt(index: number): ExecutionId {
    const target = this.targets[index];
    if (target === undefined) throw new RangeError(`job ${this.id} has no target ${index}`);
    return executionId(this.id, target.uid, 1);
  }

  stateAt(index: number): ExecutionState__Output {
    return this.#states[index] ?? 'EXECUTION_STATE_UNSPECIFIED';
  }

  resultAt(index: number): ExecutionResult | undefined {
    return this.#results[index];
  }

  startedAt(index: number): number {
    return this.#started[index] ?? 0;
  }

  count(state: ExecutionState__Output): number {
    return this.#counts.get(state) ?? 0;
  }

  /** Every execution has its end. */
  get complete(): boolean {
    let terminal = 0;
    for (const [state, count] of this.#counts) if (isTerminal(state)) terminal += count;
    return terminal === this.targets.length;
  }

  /** Moves an execution forward and tells the watchers; false where that would be no step forward. */
  raise(
    index: number,
    state: ExecutionState__Output,
    detail: { result?: ExecutionResult; startedUnixMs?: number } = {},
  ): boolean {
    const from = this.stateAt(index);
    if (!raises(from, state)) return false;
    this.#states[index] = state;
    this.#counts.set(from, this.count(from) - 1);
    this.#counts.set(state, this.count(state) + 1);
    if (detail.result) this.#results[index] = detail.result;
    const startedUnixMs = detail.startedUnixMs ?? Number(detail.result?.startedUnixMs ?? 0);
    if (startedUnixMs > 0) this.#started[index] = startedUnixMs;
    this.#tell(index);
    return true;
  }

  /** Tells the watchers that something about the execution changed which is no state: its node went away or came back. */
  touch(index: number): void {
    this.#tell(index);
  }

  /** Moves the job itself forward and tells the watchers; false where that would be no step forward. */
  setJob(state: JobStateName, reason: string, closedUnixMs = 0): boolean {
    if (jobStates.indexOf(state) <= jobStates.indexOf(this.state)) return false;
    this.state = state;
    this.reason = reason;
    this.closedUnixMs = closedUnixMs;
    this.#tell('job');
    return true;
  }

  /** Tells the watchers that something about the job changed which is no state: who coordinates it. */
  touchJob(): void {
    this.#tell('job');
  }

  /** Takes over whatever another view of the same job knows and this one does not. */
  merge(other: JobProgress): void {
    for (const index of other.targets.keys()) {
      const [result, startedUnixMs] = [other.resultAt(index), other.startedAt(index)];
      this.raise(index, other.stateAt(index), { ...(result && { result }), startedUnixMs });
    }
    this.setJob(other.state, other.reason, other.closedUnixMs);
  }

  /** Ends every watch of it with this error. */
  fail(failure: MusterError): void {
    this.failure ??= failure;
    this.#tell('job');
  }

  counts(): JobCounts {
    const of = (state: ExecutionState__Output): number => this.count(state);
    const waiting = {
      pending: of('EXECUTION_STATE_PENDING'),
      dispatched: of('EXECUTION_STATE_DISPATCHED'),
      running: of('EXECUTION_STATE_RUNNING'),
    };
    const unheard = waiting.pending + waiting.dispatched + waiting.running;
    return {
      total: this.targets.length,
      // A closed job has nothing under way: what was not heard of is undetermined.
      ...(this.state === 'closed' ? { undetermined: unheard } : waiting),
      succeeded: of('EXECUTION_STATE_SUCCEEDED'),
      failed: of('EXECUTION_STATE_FAILED'),
      timedOut: of('EXECUTION_STATE_TIMED_OUT'),
      cancelled: of('EXECUTION_STATE_CANCELLED'),
      interrupted: of('EXECUTION_STATE_INTERRUPTED'),
      expired: of('EXECUTION_STATE_EXPIRED'),
      rejected: of('EXECUTION_STATE_REJECTED'),
      skipped: of('EXECUTION_STATE_SKIPPED'),
    };
  }

  /** Calls `listener` for every change until the returned function is called. */
  subscribe(listener: (change: ProgressChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: ProgressChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
