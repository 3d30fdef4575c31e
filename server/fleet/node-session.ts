import type { Cancel } from '../../proto/gen/muster/v1/Cancel.ts';
import type { Start } from '../../proto/gen/muster/v1/Start.ts';
import type { ExecutionId, NodeUid } from '../../shared/ids.ts';
import type { HeldExecution } from './hello.ts';

/** A `Start`, and what its holder must know of it. */
export type StartFrame = Omit<Start, 'execution'> & {
  /** Capabilities without which an agent would run the order as if part of it were not there. */
  readonly needs?: readonly string[];
  /** Asked when it leaves, which may be long after: false = its coordinator is none any more, and it is dropped. */
  readonly valid?: () => boolean;
};

/**
 * One session of a node as its coordinator sees it, wherever it is held: by this replica (`Session`) or by another. Used for as
 * long as it is `live`; never again after that.
 */
export interface NodeSession {
  readonly uid: NodeUid;
  readonly live: boolean;
  /** What the agent said of an execution when the session opened; undefined = it did not have it then. */
  held(execution: ExecutionId): HeldExecution | undefined;
  /** The agent said that it has the execution, or was sent it in this session, and was not released from it. */
  holds(execution: ExecutionId): boolean;
  /** `order` is one buffer for all nodes of a job. Where the agent lacks what it needs, its holder refuses in its place. */
  start(execution: ExecutionId, frame: StartFrame): void;
  /** Standard input; undefined where whoever holds the node brings it by itself. */
  readonly input: ((execution: ExecutionId, data: Buffer) => void) | undefined;
  cancel(frame: Cancel): void;
  /** `unknownJob`: the control plane keeps nothing for it. */
  release(executions: readonly ExecutionId[], unknownJob?: boolean): void;
}
