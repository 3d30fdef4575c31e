import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { Cgroup } from '../sandbox/cgroup.ts';
import type { Containment } from '../sandbox/containment.ts';
import { Marker } from '../sandbox/marker.ts';
import type { ProcessIdentity } from '../sandbox/process-table.ts';
import { Spool } from '../spool/spool.ts';
import type { ExecutionPorts } from './ports.ts';
import type { Place } from './preparation.ts';

/** The hold on an execution's processes. After a reboot, or where nothing is known of its start, only its mark tells them. */
export function containmentOf(
  execution: ExecutionId,
  started:
    | { readonly cgroup: string | undefined; readonly bootId?: string; readonly leader?: ProcessIdentity }
    | undefined,
  bootId: string,
): Containment {
  const sameBoot = started?.bootId === undefined || started.bootId === bootId;
  if (sameBoot && started?.cgroup !== undefined) return new Cgroup({ path: started.cgroup });
  return new Marker({ execution, leader: sameBoot ? started?.leader : undefined });
}

export function openSpool(
  place: Pick<Place, 'spool' | 'nonce'>,
  options: {
    readonly ports: Pick<ExecutionPorts, 'folders' | 'clock'>;
    readonly log: Log;
    readonly exitComplete: () => boolean;
    readonly supervisorAlive: () => boolean;
    readonly onBound?: () => void;
  },
): Promise<Spool> {
  const { ports, ...rest } = options;
  const { folders, clock } = ports;
  return Spool.open({ dir: folders.spool(place.spool), nonce: Buffer.from(place.nonce, 'hex'), clock, ...rest });
}

/** What `prepare` left in the folder, or undefined. */
export function readPlace(folder: string): Place | undefined {
  try {
    const match = /^# ([0-9a-f]{16}) ([0-9a-f]{32}) (-|\/.*)\n/.exec(readFileSync(join(folder, 'launch'), 'utf8'));
    if (match === null) return undefined;
    return { spool: match[1] ?? '', nonce: match[2] ?? '', cgroup: match[3] === '-' ? undefined : match[3] };
  } catch {
    return undefined;
  }
}

/** Whether something other than the command ended: what it left in `spawn` does not end in `ok`. */
export function spawnFailed(folder: string): boolean {
  try {
    const text = readFileSync(join(folder, 'spawn'), 'latin1');
    return text !== '' && !text.endsWith('ok\n');
  } catch {
    return false;
  }
}
