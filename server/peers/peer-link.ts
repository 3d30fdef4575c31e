import type { PeerFrame, PeerFrame__Output } from '../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { ExecutionId, NodeUid } from '../../shared/ids.ts';
import type { HeldExecution } from '../fleet/hello.ts';
import type { EpochValue } from '../fleet/session.ts';

/** A session that another replica holds, as its link tells of it. A new object a session and link; dead once either is over. */
export interface RemoteSession {
  readonly uid: NodeUid;
  readonly epoch: EpochValue;
  readonly link: PeerLink;
  readonly live: boolean;
  /** What the agent had when the session opened. */
  readonly executions: ReadonlyMap<ExecutionId, HeldExecution>;
}

/** One live control stream to another replica. Never used again once it is down. */
export interface PeerLink {
  readonly replica: string;
  readonly live: boolean;
  /** Queues a frame behind those before it; does nothing on a link that is down. Frames are at most 4 MiB. */
  send(frame: PeerFrame): void;
  /** Resolves when so little is queued that a sender of much may go on; rejects when the link is down. */
  drained(): Promise<void>;
  /** The sessions it told of, by uid. */
  readonly sessions: ReadonlyMap<NodeUid, RemoteSession>;
}

/** Whoever sits above the links. Called synchronously, in frame order; must not throw. */
export interface PeerSink {
  /** The link is up and all sessions of the snapshot have been told of. */
  linkUp(link: PeerLink): void;
  /** After `sessionClosed` for every session of it. */
  linkDown(link: PeerLink): void;
  /** Also for those of the snapshot, before `linkUp`. */
  sessionOpened(session: RemoteSession): void;
  sessionClosed(session: RemoteSession): void;
  /** A frame about jobs: everything that is no hello, status, session or shed frame. */
  frame(link: PeerLink, frame: PeerFrame__Output): void;
}
