import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';
import type { Expectation } from './expectation.ts';

/** The end of an execution, as far as watchers must agree on it. */
export interface End {
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
  readonly reason: string;
  readonly stdoutBytes: number;
}

/** What an execution is said to be, by a watch or a listing. */
export interface ToldExecution {
  readonly execution: string;
  readonly state: ExecutionState__Output;
  readonly undetermined: boolean;
  readonly nodeAway: boolean;
  /** Set where the state is terminal. */
  readonly end?: End;
}

/** A run of bytes that came without a hole. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  /** SHA-256 of exactly these bytes, as hex. */
  readonly sha256: string;
}

export interface StreamId {
  readonly follower: string;
  readonly execution: string;
  readonly stream: 'stdout' | 'stderr';
}

/** What happened, without the time. */
export type Happening =
  | { readonly type: 'begin'; readonly case: string; readonly seed: number; readonly full: boolean }
  | { readonly type: 'submit'; readonly job: string; readonly expect: Expectation }
  | { readonly type: 'fault'; readonly kind: string; readonly target: string; readonly window: string }
  /** A watch is opened, for the first time or again. */
  | { readonly type: 'watch'; readonly follower: string; readonly job: string; readonly server: string }
  | { readonly type: 'watch-error'; readonly follower: string; readonly reason: string; readonly message: string }
  /** The job was closed and the watch ended by itself. */
  | { readonly type: 'watch-done'; readonly follower: string; readonly job: string }
  | {
      readonly type: 'job';
      readonly follower: string;
      readonly job: string;
      readonly state: string;
      readonly reason: string;
    }
  | ({ readonly type: 'execution'; readonly follower: string } & ToldExecution)
  | ({ readonly type: 'output' } & StreamId & { readonly offset: number; readonly bytes: number })
  | ({ readonly type: 'gap' } & StreamId & { readonly from: number; readonly until: number; readonly reason: string })
  | ({ readonly type: 'end' } & StreamId & { readonly offset: number })
  | ({ readonly type: 'unavailable' } & StreamId & { readonly reason: string })
  /** What a follower had of a stream when it was done, gaps between the stretches. */
  | ({ readonly type: 'received' } & StreamId & { readonly stretches: readonly Stretch[]; readonly ended: boolean })
  /** A command said so itself, in a file on its host. */
  | { readonly type: 'mark'; readonly what: 'start' | 'stop'; readonly execution: string; readonly atUnixMs: number }
  /** A node said so itself: its session on that replica is live. */
  | { readonly type: 'live'; readonly node: string; readonly replica: string; readonly atUnixMs: number }
  /** What a replica says of a job when all is over. */
  | {
      readonly type: 'listed';
      readonly server: string;
      readonly job: string;
      readonly state: string;
      readonly executions: readonly ToldExecution[];
    }
  | { readonly type: 'figure'; readonly name: string; readonly value: number; readonly unit: string }
  | { readonly type: 'note'; readonly text: string };

export type HistoryEvent = Happening & {
  /** Unix time in ms. */
  readonly at: number;
};
