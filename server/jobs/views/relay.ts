import type { Clock } from '../../../shared/time.ts';
import type { OutputStreamName } from '../../fleet/session.ts';
import type { JobProgress } from '../progress.ts';
import { isTerminal, type StateName } from '../states.ts';
import type { NodeAbsence } from './away-nodes.ts';

/** What a watcher already has of one execution. */
export interface Resume {
  readonly state: StateName;
  readonly stdoutOffset: number;
  readonly stderrOffset: number;
  readonly stdoutEnded: boolean;
  readonly stderrEnded: boolean;
}

/** One stream of one execution on its way to a watcher. */
export interface Relay {
  readonly index: number;
  readonly uid: string;
  readonly stream: OutputStreamName;
  position: number;
  abort: AbortController;
  /** Monotonic time since which its node is out of reach with its job closed. */
  outOfReachMs: number | undefined;
}

export const streams: readonly OutputStreamName[] = ['OUTPUT_STREAM_STDOUT', 'OUTPUT_STREAM_STDERR'];

/** Why a relay ends early. */
export const away = new Error('the node is away');
export const undetermined = new Error('the job closed without an end of the execution');

/**
 * A node that is out of reach for a moment keeps its readers: it moves to another replica, perhaps because its own has died. Once the
 * job is closed nothing says that it ever returns. To be asked of relays of closed jobs, now and again.
 */
export function outOfPatience(relay: Relay, nodes: NodeAbsence, clock: Clock): boolean {
  const { uid } = relay;
  const now = clock.monotonic();
  relay.outOfReachMs = nodes.isOutOfReach(uid) ? (relay.outOfReachMs ?? now) : undefined;
  if (relay.outOfReachMs === undefined) return false;
  return now - relay.outOfReachMs >= nodes.patienceMs || (nodes.isAway(uid) && !nodes.mayReturn(uid));
}

/** Whether an execution that nothing is known of here has begun, by what its watcher was told before. */
export function hasBegun(seen: Resume | undefined): boolean {
  if (seen === undefined) return false;
  const told = seen.state === 'EXECUTION_STATE_DISPATCHED' || seen.state === 'EXECUTION_STATE_RUNNING';
  return told || seen.stdoutOffset > 0 || seen.stderrOffset > 0;
}

/** False for a stream that is known to have stayed empty, as that of what never ran. */
export function mayHaveOutput(progress: JobProgress, index: number, stream: OutputStreamName): boolean {
  if (!isTerminal(progress.stateAt(index))) return true;
  const result = progress.resultAt(index);
  const summary = stream === 'OUTPUT_STREAM_STDOUT' ? result?.stdout : result?.stderr;
  return Number(summary?.bytes ?? 0) > 0 || (summary?.gaps?.length ?? 0) > 0;
}
