import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { SigningKey } from '../../shared/signing/keys.ts';
import type { Clock } from '../../shared/time.ts';
import type { ExecutorEvent } from '../executor.ts';
import { readBootId } from '../facts.ts';
import { Failpoints } from '../failpoints.ts';
import { Journal } from '../journal/journal.ts';
import { lockState, type StateLock } from '../journal/lock.ts';
import { noRules, type OrderRules } from '../orders/order-rules.ts';
import { type CgroupBase, openCgroupBase } from '../sandbox/cgroup.ts';
import { probeShell } from '../supervisor/shell-probe.ts';
import { SupervisorPool } from '../supervisor/supervisor-pool.ts';
import { Folders } from './folders.ts';
import { LanePlaces } from './lane-places.ts';
import type { ExecutionPorts, ExecutionsSettings } from './ports.ts';

export interface ExecutionsOptions {
  readonly stateDir: string;
  readonly uid: NodeUid;
  /** Signs results. */
  readonly key: SigningKey;
  /** For `MUSTER_NODE`; the uid where not given. */
  readonly nodeName?: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly settings: ExecutionsSettings;
  /** What is asked of orders; nothing where not given. */
  readonly rules?: OrderRules;
  /** All facts of the host, from those about running commands here, which are all there is where it is not given. */
  readonly facts?: (own: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** Of the host's present boot; the kernel's where not given. */
  readonly bootId?: string;
  /** The agent's own environment; `process.env` where not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The journal can't be written any more: only an agent that is started anew can go on. */
  readonly onBroken?: (error: Error) => void;
}

export interface OpenedPorts {
  readonly ports: ExecutionPorts;
  readonly lock: StateLock;
}

/** Takes the state folder, reads the journal and finds out what the host can do. Rejects with CONFLICT where it is taken. */
export async function openPorts(
  options: ExecutionsOptions,
  emit: (event: ExecutorEvent) => void,
): Promise<OpenedPorts> {
  const { stateDir, uid, nodeName, log, clock, settings, environment = process.env } = options;
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const lock = lockState(stateDir);
  try {
    const failpoints = new Failpoints({ armed: environment.MUSTER_FAILPOINT, stateDir, log });
    const folders = new Folders({ stateDir, root: process.getuid?.() === 0 });
    const [journal, traits] = await Promise.all([
      Journal.open({ dir: join(stateDir, 'journal'), log, onBroken: options.onBroken ?? (() => undefined) }),
      probeShell('sh'),
    ]);
    const cgroups = settings.containment === 'marker' ? undefined : findCgroups(uid, settings.containment, log);
    const armed = failpoints.armed ?? '';
    const warm = settings.warmSupervisors;
    const pool = new SupervisorPool({ spoolDir: folders.spools, traits, cgroups, failpoint: armed, warm, log });
    const containment = cgroups === undefined ? 'marker' : 'cgroup';
    const facts = { containment, shell: traits.shell, 'run-as': process.getuid?.() === 0 ? 'any' : 'self' };
    const ports: ExecutionPorts = {
      uid,
      key: options.key,
      nodeName: nodeName ?? uid,
      log,
      clock,
      bootClock: () => Number(process.hrtime.bigint() / 1000n) / 1000,
      bootId: options.bootId ?? readBootId(),
      settings,
      rules: options.rules ?? noRules,
      facts: options.facts?.(facts) ?? facts,
      journal,
      folders,
      lanes: new LanePlaces(),
      pool,
      traits,
      cgroups,
      failpoints,
      environment,
      emit,
    };
    return { ports, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function findCgroups(uid: NodeUid, wanted: 'auto' | 'cgroup', log: Log): CgroupBase | undefined {
  const base = openCgroupBase(uid);
  if ('path' in base) return base;
  if (wanted === 'cgroup') throw new Error(`containment cgroup was asked for, but: ${base.reason}`);
  log.warn({ reason: base.reason }, 'no cgroup to be had: executions are held together by marker');
  return undefined;
}
