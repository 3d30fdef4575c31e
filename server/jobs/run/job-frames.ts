import type { ExecutionId } from '../../../shared/ids.ts';
import { PlanTree } from '../../../shared/merkle.ts';
import { neededCapabilities } from '../../../shared/order/queueing.ts';
import type { NodeSession } from '../../fleet/node-session.ts';
import type { JobProgress } from '../progress.ts';
import type { JobStdin } from './job-stdin.ts';

/** How a job was cancelled. */
export interface CancelOptions {
  /** 0 = TERM. */
  readonly signal: number;
  readonly graceMs: number | undefined;
}

/** W3C traceparent of an execution's span; empty = not traced. */
export type TraceparentOf = (progress: JobProgress, execution: ExecutionId) => string;

/** What a coordinator says to agents of one job. */
export class JobFrames {
  readonly #progress: JobProgress;
  readonly #stdin: JobStdin;
  readonly #tree: PlanTree;
  readonly #traceparent: TraceparentOf;
  readonly #valid: () => boolean;

  /** `tree` is the plan's, where it is at hand. `valid`: this coordinator drives the job still; asked when a Start leaves. */
  constructor(options: {
    progress: JobProgress;
    stdin: JobStdin;
    tree: PlanTree | undefined;
    traceparent: TraceparentOf;
    valid: () => boolean;
  }) {
    this.#valid = options.valid;
    this.#traceparent = options.traceparent;
    this.#progress = options.progress;
    this.#stdin = options.stdin;
    this.#tree = options.tree ?? new PlanTree(options.progress.targets.map((target) => target.uid));
  }

  /** Of an execution that the agent has, a Start only asks for the present state: its standard input is there. */
  offer(index: number, session: NodeSession): void {
    const { order, signed } = this.#progress;
    const execution = this.#progress.executionAt(index);
    const { siblings } = this.#tree.proof(index);
    const known = session.holds(execution);
    const traceparent = this.#traceparent(this.#progress, execution);
    const needs = neededCapabilities(order);
    const proof = { index, siblings: [...siblings] };
    session.start(execution, { ...signed, proof, traceparent, needs, valid: this.#valid });
    if (!order.stdin || known || !session.input) return;
    const wanted = (): boolean => session.live && session.holds(execution);
    this.#stdin.give(wanted, (data) => session.input?.(execution, data));
  }

  cancel(index: number, session: NodeSession, { signal, graceMs }: CancelOptions): void {
    const grace = graceMs === undefined ? {} : { graceMs };
    session.cancel({ execution: this.#progress.executionAt(index), signal, ...grace });
  }
}
