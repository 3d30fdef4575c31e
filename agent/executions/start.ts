import { randomBytes } from 'node:crypto';
import type { ExecutionId } from '../../shared/ids.ts';
import type { ValidOrder } from '../../shared/order.ts';
import type { HostUser } from '../sandbox/run-as.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { ExecutionPorts } from './ports.ts';
import { type Place, prepare } from './preparation.ts';

/**
 * Hands an execution to a supervisor: STARTING on disk, then the gate line. Undefined where `stopped` came true before the line
 * was sent: then nothing has begun and nothing will. Rejects where it could not be prepared; nothing has begun then either.
 */
export async function sendToSupervisor(options: {
  readonly id: ExecutionId;
  readonly order: ValidOrder;
  readonly traceparent: string;
  readonly user: HostUser | undefined;
  readonly ports: ExecutionPorts;
  readonly stopped: () => boolean;
}): Promise<{ readonly supervisor: Supervisor; readonly gateMs: number } | undefined> {
  const { id, order, traceparent, user, ports, stopped } = options;
  const supervisor = await ports.pool.take();
  let sent = false;
  try {
    const { spool, cgroup } = supervisor;
    const place: Place = { spool, nonce: randomBytes(16).toString('hex'), cgroup };
    prepare({ id, order, traceparent, user, place, ports });
    const starting = {
      ...place,
      bootId: ports.bootId,
      monotonicMs: ports.bootClock(),
      atUnixMs: ports.clock.now(),
      supervisor: supervisor.identity,
      leader: supervisor.leader,
    };
    await ports.journal.append({ type: 'starting', id, starting });
    ports.failpoints.pass('starting');
    // A cancel that came meanwhile is on disk: nothing must start after it.
    if (stopped()) return undefined;
    sent = true;
    const gateMs = ports.bootClock();
    // Of one that is gone already the next look tells.
    await supervisor.send(Buffer.from(place.nonce, 'hex'), ports.folders.execution(id)).catch(() => undefined);
    return { supervisor, gateMs };
  } finally {
    if (!sent) await ports.pool.dismiss(supervisor);
  }
}
