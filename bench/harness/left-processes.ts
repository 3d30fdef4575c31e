import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

/** How long the drains of a supervisor that has gone may take to see it, on a machine that has much to do. */
const capMs = 10_000;

/**
 * Kills every process, but this one, that has a path under `folder` among its arguments, and tells which there were. Those that are
 * ending by themselves, since whom they served has gone, are waited for.
 */
export async function killProcessesOf(folder: string): Promise<LeftProcess[]> {
  const deadline = performance.now() + capMs;
  for (;;) {
    const left = processesOf(folder);
    if (left.length > 0 && performance.now() < deadline) {
      await sleep(20);
      continue;
    }
    for (const { pid } of left) kill(pid);
    return left;
  }
}

const processesOf = (folder: string): LeftProcess[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name): LeftProcess => ({ pid: Number(name), command: commandOf(name) }))
    .filter(({ command }) => command.includes(`${folder}/`));

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
