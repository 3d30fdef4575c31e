import type { ExecutionResult } from '../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionState__Output } from '../proto/gen/muster/v1/ExecutionState.ts';
import type { InclusionProof__Output } from '../proto/gen/muster/v1/InclusionProof.ts';
import type { OutputGap } from '../proto/gen/muster/v1/OutputGap.ts';
import type { ExecutionId } from '../shared/ids.ts';

export type StreamName = 'stdout' | 'stderr';

/** A piece of one stream. Offsets are absolute, in bytes, from the first byte the command wrote. */
export type OutputPiece =
  | { readonly type: 'data'; readonly offset: number; readonly data: Buffer }
  /** `gap.from` is where the reader stood; reading goes on at `gap.until` (the same offset where the length is unknown). */
  | { readonly type: 'gap'; readonly gap: Required<Pick<OutputGap, 'reason'>> & { from: number; until: number } }
  /** Nothing will ever follow `offset`. */
  | { readonly type: 'end'; readonly offset: number };

/** One reader of one stream, at one place. */
export interface OutputReader {
  /** Where the next piece begins. */
  readonly offset: number;
  /**
   * The next piece, at most `maxBytes` of data (never empty); waits for the command where there is none yet. One call at a
   * time. Rejects with MusterError OFFSET_PAST_END where the end is before the reader, and when closed.
   */
  read(maxBytes: number): Promise<OutputPiece>;
  close(): void;
}

/** An execution in the journal that is not released. */
export interface KnownExecutionView {
  readonly id: ExecutionId;
  readonly state: ExecutionState__Output;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
}

export type ExecutorEvent =
  | { readonly execution: ExecutionId; readonly type: 'accepted'; readonly atUnixMs: number }
  | { readonly execution: ExecutionId; readonly type: 'started'; readonly atUnixMs: number; readonly pid: number }
  | { readonly execution: ExecutionId; readonly type: 'finished'; readonly result: ExecutionResult };

/** A `Start` frame whose execution id was parsed. Buffers may be kept. */
export interface Offer {
  readonly execution: ExecutionId;
  readonly order: Buffer;
  /** Encoded `OrderSignature`; empty = unsigned. */
  readonly signature: Buffer;
  readonly proof: InclusionProof__Output;
  readonly traceparent: string;
}

/**
 * What a session needs of executions: the real one is `Executions` (journal, supervisors, spool); the bench has one that runs
 * nothing. No method throws or rejects for what a replica sent: the answer is an event.
 */
export interface Executor {
  /** Called for every event from now on; returns what ends it. Events carry their final form: the journal has it already. */
  subscribe(listener: (event: ExecutorEvent) => void): () => void;
  /** Everything not released, for `Hello`. */
  known(): readonly KnownExecutionView[];
  /** Present state of a known execution, as the events that tell it (accepted, then started or finished). */
  present(execution: ExecutionId): readonly ExecutorEvent[];
  /**
   * Accepts and runs it, or says why not; of a known one it repeats the present state. Where the order wants stdin, acceptance
   * waits for `input` to complete.
   */
  offer(offer: Offer): void;
  input(execution: ExecutionId, offset: number, data: Buffer): void;
  /**
   * Resolves once every offer and cancel so far has been decided durably, so that `known` tells all there is to tell. An offer that is not
   * after `withinMs` is given up: it is not accepted any more unless it is offered again.
   */
  settled(withinMs: number): Promise<void>;
  /** `signal` 0 = TERM; `graceMs` undefined = the order's. Of an unknown one it leaves a tombstone. */
  cancel(execution: ExecutionId, signal: number, graceMs: number | undefined): void;
  release(executions: readonly ExecutionId[]): void;
  /** Undefined where the execution is not known. Output that is gone is a gap. */
  openRead(execution: ExecutionId, stream: StreamName, from: number): OutputReader | undefined;
  /** Executions running now. */
  readonly running: number;
}
