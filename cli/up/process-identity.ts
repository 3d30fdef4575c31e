import { readFileSync } from 'node:fs';

/** A process that can be told from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, from /proc. */
  readonly startTicks: string;
}

/** Who has this pid now; undefined where nobody has, or only a zombie. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold spaces and parentheses itself.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : { pid, startTicks: fields[18] as string };
  } catch {
    return undefined;
  }
}

export const isAlive = ({ pid, startTicks }: ProcessIdentity): boolean =>
  processIdentity(pid)?.startTicks === startTicks;

/** Signals exactly this process, never one that took its pid over. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It ended in between.
  }
}
