import type { ExecutionId } from '../../shared/ids.ts';
import type { Containment } from './containment.ts';
import {
  bearsMark,
  isAlive,
  type ProcessIdentity,
  type ProcessView,
  processIds,
  signalProcess,
  viewProcess,
} from './process-table.ts';

/** Name of the environment entry that marks every process of an execution. */
export const markName = 'MUSTER_EXECUTION';
/** A tree that forks faster than it can be signalled is left to the next round, and at last to the receipt. */
const rounds = 8;

/**
 * Containment without a cgroup: the members of the leader's session, and whatever bears the execution's mark in the environment
 * it began with. A process that has left both is not seen, and the fact `containment` says so.
 */
export class Marker implements Containment {
  readonly kind = 'marker';
  readonly #mark: string;
  readonly #leader: ProcessIdentity | undefined;

  /** Without a leader (after a reboot, or none known) only the mark counts. */
  constructor(options: { execution: ExecutionId; leader: ProcessIdentity | undefined }) {
    this.#mark = `${markName}=${options.execution}`;
    this.#leader = options.leader;
  }

  members(): ProcessView[] {
    const session = this.#session();
    return processIds()
      .filter((pid) => pid !== process.pid)
      .map((pid) => viewProcess(pid))
      .filter((view) => view !== undefined)
      .filter((view) => view.state !== 'Z' && view.state !== 'X')
      .filter((view) => view.session === session || bearsMark(view.pid, this.#mark));
  }

  signal(signal: number): number {
    return signalEach(() => this.members(), signal);
  }

  cpuMs(): number {
    return 0;
  }

  remove(): void {}

  /**
   * The session's number, which is the leader's pid. It can't be given to another process while a member lives, but it can be
   * once the session is gone: then whoever leads it now has another start time. Number 0 is no session: it stands for all whose
   * leader is outside this pid namespace.
   */
  #session(): number | undefined {
    if (this.#leader === undefined || this.#leader.pid <= 0) return undefined;
    const view = viewProcess(this.#leader.pid);
    if (view !== undefined && view.startTime !== this.#leader.startTime) return undefined;
    return this.#leader.pid;
  }
}

export function signalEach(members: () => readonly ProcessView[], signal: number): number {
  const reached = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const fresh = members().filter(({ pid, startTime }) => !reached.has(`${pid}/${startTime}`));
    if (fresh.length === 0) break;
    for (const member of fresh) {
      reached.add(`${member.pid}/${member.startTime}`);
      if (isAlive(member)) signalProcess(member, signal);
    }
  }
  return reached.size;
}
