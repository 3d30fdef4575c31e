import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';

/** How an execution's standard output is made. */
export type Generator =
  /** `faults/programs/worker.sh`. */
  | { readonly kind: 'lines'; readonly lines: number }
  /** `agent/simulated/`, of this seed. */
  | { readonly kind: 'simulated'; readonly seed: string; readonly bytes: number }
  /** Whatever comes is right; only its order and completeness are looked at. */
  | { readonly kind: 'any' };

export interface Target {
  readonly uid: string;
  readonly name: string;
  readonly generator: Generator;
  /** It writes down its starts. */
  readonly marks: boolean;
}

/** What is right for a job; the checkers hold the history against it. */
export interface Expectation {
  readonly targets: readonly Target[];
  /** States an execution may end in. */
  readonly states: readonly ExecutionState__Output[];
  /** In these an execution of this job can only end without ever having started, beside those in which none ever has. */
  readonly unstarted?: readonly ExecutionState__Output[];
  /** Exit codes that the commands end with. */
  readonly exitCodes: readonly number[];
  /** Reasons of gaps that the faults of this case explain; none = every byte must come. */
  readonly gaps: readonly string[];
  /** Executions between start and stop at once. */
  readonly maxConcurrency?: number;
  /** The failure budget: no more than `maxConcurrency + maxErrors` may ever start. */
  readonly maxErrors?: number;
  /** Followers leave the output out. */
  readonly withoutOutput?: boolean;
}
