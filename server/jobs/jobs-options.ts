import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId, NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Session } from '../fleet/session.ts';
import type { RemoteSession } from '../peers/peer-link.ts';
import type { LostResults } from '../store/lost-results.ts';
import type { ReplicaLease } from '../store/replica-lease.ts';
import type { Store } from '../store/store.ts';
import type { Coordinators } from './coordination/coordinators.ts';
import type { JobProgress } from './progress.ts';
import type { ClusterStanding } from './submits.ts';
import type { JobViews } from './views/job-views.ts';

/** What is told of jobs, for metrics and logs. */
export interface JobsObserver {
  submitted(progress: JobProgress): void;
  /** An execution has its end, whoever made it: once an execution. */
  finished(progress: JobProgress, index: number, result: ExecutionResult): void;
  cancelled(progress: JobProgress): void;
  closed(progress: JobProgress): void;
  /** An execution is being offered; answers the W3C traceparent of its span, empty = not traced. */
  offered(progress: JobProgress, execution: ExecutionId): string;
}

/** Where sessions are: the ones held here, and those that live links tell of. */
export interface JobSessions {
  readonly local: (uid: NodeUid) => Session | undefined;
  readonly all: () => Iterable<Session>;
  /** Of the highest epoch over all live links. */
  readonly remote: (uid: NodeUid) => RemoteSession | undefined;
}

export interface JobsOptions {
  readonly store: Store;
  readonly directory: Directory;
  readonly lease: ReplicaLease;
  readonly log: Log;
  readonly clock: Clock;
  readonly replica: string;
  readonly observer: JobsObserver;
  readonly views: JobViews;
  /** Started with `adopt`, closed with `close`. */
  readonly coordinators: Coordinators;
  readonly cluster: ClusterStanding;
  readonly lostResults: LostResults;
  readonly sessions: JobSessions;
}
