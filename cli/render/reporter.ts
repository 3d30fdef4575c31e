import type { Execution__Output } from '../../proto/gen/muster/v1/Execution.ts';
import type { Job__Output } from '../../proto/gen/muster/v1/Job.ts';
import type { FollowEvent } from '../job/follow-job.ts';

/** A job as far as it was followed. */
export interface JobOutcome {
  readonly job: Job__Output | undefined;
  /** The latest attempt on each node. */
  readonly executions: readonly Execution__Output[];
}

/** Shows a job to somebody: its events as they come, and the whole at the end. Await each: it is the reader's pace. */
export interface Reporter {
  event(event: FollowEvent): Promise<void>;
  finish(outcome: JobOutcome): Promise<void>;
  /** Takes away what must not mix with output that somebody else is about to write. */
  beforeOutput?(): Promise<void>;
}
