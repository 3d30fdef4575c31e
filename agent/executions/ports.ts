import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { SigningKey } from '../../shared/signing/keys.ts';
import type { Clock } from '../../shared/time.ts';
import type { ExecutorEvent } from '../executor.ts';
import type { Failpoints } from '../failpoints.ts';
import type { Journal } from '../journal/journal.ts';
import type { OrderRules } from '../orders/order-rules.ts';
import type { CgroupBase } from '../sandbox/cgroup.ts';
import type { ShellTraits } from '../supervisor/shell-probe.ts';
import type { SupervisorPool } from '../supervisor/supervisor-pool.ts';
import type { Folders } from './folders.ts';
import type { LanePlaces } from './lane-places.ts';

/** What the host's owner decides about executions. */
export interface ExecutionsSettings {
  readonly containment: 'auto' | 'cgroup' | 'marker';
  /** Variables of the agent's own environment that commands inherit. */
  readonly environmentAllowList: readonly string[];
  /** An order may raise the bound of each stream's kept output up to this. */
  readonly maxOutputBoundBytes: number;
  /** Supervisors kept ready ahead of need. */
  readonly warmSupervisors: number;
  /** Results that no replica has released: at this many no new work is taken. 10,000 where not given. */
  readonly maxUnreleased?: number;
  /** How long output stays after the end, where the disk allows. 7 days where not given. */
  readonly outputRetentionMs?: number;
}

/** What all executions of an agent share. */
export interface ExecutionPorts {
  readonly uid: NodeUid;
  /** Signs results. */
  readonly key: SigningKey;
  readonly nodeName: string;
  readonly log: Log;
  readonly clock: Clock;
  /** The host's monotonic clock since boot, in ms: it outlives this process. */
  readonly bootClock: () => number;
  readonly bootId: string;
  readonly settings: ExecutionsSettings;
  readonly rules: OrderRules;
  readonly facts: Readonly<Record<string, string>>;
  readonly journal: Journal;
  readonly folders: Folders;
  readonly lanes: LanePlaces;
  readonly pool: SupervisorPool;
  readonly traits: ShellTraits;
  readonly cgroups: CgroupBase | undefined;
  readonly failpoints: Failpoints;
  /** The agent's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly emit: (event: ExecutorEvent) => void;
}
