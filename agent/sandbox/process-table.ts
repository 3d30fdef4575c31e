import { readdirSync, readFileSync } from 'node:fs';

/** A pid alone says nothing: they are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of `/proc/<pid>/stat`. */
  readonly startTime: string;
}

/** One line of the host's process table. */
export interface ProcessView extends ProcessIdentity {
  /** As in `ps`: R, S, D, T, Z, X, … */
  readonly state: string;
  readonly session: number;
  /** Name of its program, at most 15 bytes. */
  readonly name: string;
}

/** The process with this pid, or undefined where there is none (or /proc is masked). */
export function viewProcess(pid: number): ProcessView | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name stands in parentheses and may hold any byte, parentheses too.
    const close = text.lastIndexOf(')');
    const fields = text.slice(close + 2).split(' ');
    const [state, , , session] = fields;
    const startTime = fields[19];
    if (state === undefined || session === undefined || startTime === undefined) return undefined;
    return { pid, startTime, state, session: Number(session), name: text.slice(text.indexOf('(') + 1, close) };
  } catch {
    return undefined;
  }
}

/** Whether exactly this process lives: a zombie is dead, and so is a process that merely has its number. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  const view = viewProcess(pid);
  return view !== undefined && view.startTime === startTime && view.state !== 'Z' && view.state !== 'X';
}

/** Signals exactly this process; false where it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

export const processIds = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);

/** Whether the process began with this entry, `NAME=value`, in its environment. */
export function bearsMark(pid: number, entry: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`);
    const wanted = Buffer.from(`${entry}\0`);
    let at = environment.indexOf(wanted);
    while (at > 0 && environment[at - 1] !== 0) at = environment.indexOf(wanted, at + 1);
    return at !== -1;
  } catch {
    return false;
  }
}
