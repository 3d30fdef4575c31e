import type { ExecutionResult } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import type { JobId } from '../../../shared/ids.ts';
import type { Log } from '../../../shared/log.ts';
import type { PlanTree } from '../../../shared/merkle.ts';
import type { Clock } from '../../../shared/time.ts';
import type { Claim } from '../coordination/coordinator-fence.ts';
import type { LateResult } from '../late-results.ts';
import type { JobProgress } from '../progress.ts';
import type { CancelOptions, TraceparentOf } from './job-frames.ts';
import type { SessionPorts } from './job-nodes.ts';
import type { JobStdin } from './job-stdin.ts';
import type { JobWriter } from './job-writer.ts';

/** What a run needs around it. */
export interface RunPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessions: SessionPorts;
  /** No later coordinator of the job has been heard of than the one of this claim. */
  readonly admits: (job: JobId, claim: Claim) => boolean;
  /** The replica's lease is past its own deadline: no Start, no store write, no outcome made here. */
  readonly fenced: () => boolean;
  readonly traceparent: TraceparentOf;
  /** An execution has its end: once each. */
  readonly finished: (progress: JobProgress, index: number, result: ExecutionResult) => void;
  /** The job is closed. */
  readonly closed: (progress: JobProgress) => void;
  /** Takes a result that came too late for the run. */
  readonly late: (result: LateResult) => void;
}

/** What differs between a job that was just submitted and one adopted. */
export type BeginOptions = Pick<RunOptions, 'progress' | 'tree' | 'adopted'> & {
  readonly cancel?: RunOptions['cancel'];
  readonly stopped?: boolean;
  readonly stored: RunOptions['stored'];
  readonly outdated?: RunOptions['outdated'];
  /** Where it is at hand. */
  readonly stdin: Buffer | undefined;
};

export interface RunOptions {
  readonly ports: RunPorts;
  readonly progress: JobProgress;
  readonly writer: JobWriter;
  readonly stdin: JobStdin;
  readonly tree: PlanTree | undefined;
  readonly offeredBelow: number;
  /** It was driven before, by somebody who is gone. */
  readonly adopted: boolean;
  /** As the store has it. */
  readonly cancel: CancelOptions | undefined;
  /** Its budget of errors was spent before, as the store has it. */
  readonly stopped: boolean;
  /** Targets whose result is in the store. */
  readonly stored: ReadonlySet<number>;
  /** Nodes that a newer order of the same key has too. */
  readonly outdated: ReadonlySet<string>;
  /** A later coordinator has spoken. */
  readonly deposed: () => void;
}
