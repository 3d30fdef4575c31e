import type { ExecutionId, NodeUid } from '../../shared/ids.ts';
import type { HeldExecution } from '../fleet/hello.ts';
import type { EpochValue, ReadHandle, ReadOptions, ReadSink } from '../fleet/session.ts';

/** A session that this replica holds, as others are told of it. A new object a session. */
export interface LocalSession {
  readonly uid: NodeUid;
  readonly epoch: EpochValue;
  /** What the agent had when the session opened. */
  readonly executions: ReadonlyMap<ExecutionId, HeldExecution>;
}

/** What the links between replicas need of the sessions here. */
export interface LocalSessions {
  /** All there are now. */
  all(): Iterable<LocalSession>;
  get(uid: NodeUid): LocalSession | undefined;
  /** Calls `listener` after a session has opened or is over; returns what ends that. */
  subscribe(listener: (uid: NodeUid) => void): () => void;
  /** Undefined where the node has no session here. */
  read(uid: NodeUid, options: ReadOptions, sink: ReadSink): ReadHandle | undefined;
  /** Sends so many agents elsewhere, at most `aSecond` a second; the leader asks, at this create revision of its key. */
  shed(count: number, aSecond: number, leaderRevision: number): void;
}
