import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { processIds, viewProcess } from '../../agent/sandbox/process-table.ts';

/** What runs beside an agent for it: a command's supervisor; the loop that drains its output; what copies for that loop. */
export type HostPart = 'supervisor' | 'drain-loop' | 'drain';

/** The processes of that kind now, of the agent with that state folder and of nobody else. */
export function partsOf(stateDir: string, part: HostPart): number[] {
  const spools = `${join(stateDir, 'spool')}/`;
  return processIds().filter((pid) => {
    const [, script = '', folder = ''] = argumentsOf(pid);
    if (part === 'supervisor') return script.endsWith('/supervisor.sh') && folder.startsWith(spools);
    if (part === 'drain-loop') return script.endsWith('/drain.sh') && folder.startsWith(spools);
    return viewProcess(pid)?.name === 'dd' && `${workingFolder(pid)}/`.startsWith(spools);
  });
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
