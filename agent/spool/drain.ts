import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { constants, type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DrainName, defaultSegmentBytes, padOffset } from './layout.ts';

/** The drain's script, an absolute path. */
export const drainScript = join(import.meta.dirname, 'drain.sh');

/** One stream's drain. */
export interface DrainPlace {
  /** The spool folder, an absolute path without symbolic links. */
  readonly dir: string;
  readonly stream: DrainName;
}

/** What to give to a POSIX shell: `sh drain.sh <folder> <stream> [segment bytes]`, its standard input being the FIFO. */
export function drainArgs(place: DrainPlace, segmentBytes = defaultSegmentBytes): string[] {
  return [
    drainScript,
    place.dir,
    place.stream,
    ...(segmentBytes === defaultSegmentBytes ? [] : [String(segmentBytes)]),
  ];
}

/**
 * Starts a drain whose loop has died, in a session of its own. It waits for what the dead one left behind, then says the gap. Safe
 * where one runs: then it waits for that one's end. Rejects where the FIFO can't be opened.
 */
export async function startDrain(
  place: DrainPlace,
  options: { shell?: string; segmentBytes?: number } = {},
): Promise<ChildProcess> {
  const fifo = join(place.dir, `${place.stream}.fifo`);
  // Opened both ways it never waits, and while it is held the reading end does not wait either. A drain that opened the FIFO
  // itself would wait for ever where the last writer has gone.
  const held = await open(fifo, 'r+');
  try {
    const reading = await open(fifo, 'r');
    try {
      const child = spawn(options.shell ?? 'sh', drainArgs(place, options.segmentBytes), {
        detached: true,
        stdio: [reading.fd, 'ignore', 'ignore'],
      });
      child.on('error', () => undefined);
      child.unref();
      return child;
    } finally {
      await reading.close();
    }
  } finally {
    await held.close();
  }
}

/** Whether the loop of this drain runs. */
export const drainAlive = (place: DrainPlace): boolean => ownPid(place, `${place.stream}.loop`) !== undefined;

/** Signals the `dd` of this drain: STOP and CONT throttle, KILL makes the loop look again. False where there is none. */
export function signalDrain(place: DrainPlace, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): boolean {
  const pid = ownPid(place, `${place.stream}.pid`);
  if (pid === undefined) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** The stream's end as it was written down, or undefined. */
export function knownEnd(place: DrainPlace): number | undefined {
  const text = readText(join(place.dir, `${place.stream}.end`));
  return /^[0-9]{1,15}\n$/.test(text) ? Number(text) : undefined;
}

/** Writes the end down, and has the drain drop what a process that was let live still writes. Rejects where the disk does. */
export async function endDrain(place: DrainPlace, end: number): Promise<void> {
  await writeFile(join(place.dir, `${place.stream}.end`), `${end}\n`, { mode: 0o600 });
  signalDrain(place, 'SIGKILL');
}

/** Says that an unknown number of bytes is lost at `offset`. */
export async function markKilled(place: DrainPlace, offset: number): Promise<void> {
  await writeFile(join(place.dir, `${place.stream}.killed.${padOffset(offset)}`), '', { mode: 0o600 });
}

/** Writes the nonce into the FIFO in one piece: `full` where it has no room now, `closed` where nobody reads. Never blocks. */
export async function writeNonce(place: DrainPlace, nonce: Buffer): Promise<'written' | 'full' | 'closed'> {
  let fifo: FileHandle | undefined;
  try {
    fifo = await open(join(place.dir, `${place.stream}.fifo`), constants.O_WRONLY | constants.O_NONBLOCK);
    await fifo.write(nonce);
    return 'written';
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return 'full';
    if (code === 'ENXIO' || code === 'ENOENT' || code === 'EPIPE') return 'closed';
    throw err;
  } finally {
    await fifo?.close();
  }
}

/** The pid in a file of the folder, where that process still is this drain's: pids are reused, its working directory tells. */
function ownPid(place: DrainPlace, file: string): number | undefined {
  const text = readText(join(place.dir, file));
  if (!/^[1-9][0-9]*\n$/.test(text)) return undefined;
  const proc = `/proc/${text.trim()}`;
  // An empty argv is a zombie's.
  return readLink(`${proc}/cwd`) === place.dir && readText(`${proc}/cmdline`) !== '' ? Number(text) : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
