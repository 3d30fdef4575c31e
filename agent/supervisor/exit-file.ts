import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ShellTraits } from './shell-probe.ts';

/** What the supervisor wrote when the command had ended. */
export interface Exit {
  /** As the shell's `$?`: 128 + n after signal n. */
  readonly status: number;
  /** The shell noted a signal. */
  readonly noted: boolean;
  /** Of the host's clock since boot, in ms (resolution 10 ms). */
  readonly uptimeMs: number;
}

/** How the command ended. */
export type CommandEnd = { readonly exitCode: number } | { readonly signal: number; readonly inferred: boolean };

/** The first complete exit among `exit`, `exit.1`, …: one that ends in its newline. */
export function readExit(folder: string): Exit | undefined {
  for (const name of exitNames(folder)) {
    const match = /^(\d+) ([01]) (\d+(?:\.\d+)?)\n$/.exec(readText(join(folder, name)));
    if (match)
      return { status: Number(match[1]), noted: match[2] === '1', uptimeMs: Math.round(Number(match[3]) * 1000) };
  }
  return undefined;
}

/** `started`, once the supervisor has made it: its numbers are missing while it is being written, or for good. */
export function readStarted(folder: string): { pid: number; uptimeMs: number } | 'unreadable' | undefined {
  try {
    const match = /^(\d+) (\d+(?:\.\d+)?)\n$/.exec(readFileSync(join(folder, 'started'), 'utf8'));
    return match ? { pid: Number(match[1]), uptimeMs: Math.round(Number(match[2]) * 1000) } : 'unreadable';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return 'unreadable';
  }
}

/** When `started` was made; 0 where it is not there. */
export function startedUnixMs(folder: string): number {
  try {
    return Math.round(statSync(join(folder, 'started')).mtimeMs);
  } catch {
    return 0;
  }
}

/** How many supervisors have read their gate line. */
export function countTaken(folder: string): number {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('taken.')).length;
  } catch {
    return 0;
  }
}

/** Tells a signal from the exit code that looks like it; flagged as inferred where this shell notes nothing for that signal. */
export function commandEnd({ status, noted }: Pick<Exit, 'status' | 'noted'>, traits: ShellTraits): CommandEnd {
  const signal = status - 128;
  if (signal < 1 || signal > 64) return { exitCode: status };
  if (noted) return { signal, inferred: false };
  const silent = signal <= 31 ? deadlySilent(signal, traits) : !traits.noted.has(64);
  return silent ? { signal, inferred: true } : { exitCode: status };
}

/** CHLD, CONT, the stops, URG and WINCH end nothing. */
const harmless = new Set([17, 18, 19, 20, 21, 22, 23, 28]);

const deadlySilent = (signal: number, { noted }: ShellTraits): boolean => !harmless.has(signal) && !noted.has(signal);

function exitNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^exit(\.\d+)?$/.test(name));
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
