import type { Clock } from '../../shared/time.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Peers } from '../peers/peers.ts';
import type { Duty } from './duties.ts';
import { InventoryCleanup } from './inventory-cleanup.ts';
import { Rebalancing, type SessionCounts } from './rebalancing.ts';
import { Retention } from './retention.ts';
import { Sweeping } from './sweeping.ts';

/** Everything that the leader does. */
export function leaderDuties(options: {
  readonly clock: Clock;
  readonly retentionMs: number;
  readonly forgetNodesAfterMs: number;
  /** Of the replicas' leases: nothing is judged faster than a replica can come and go. */
  readonly leaseTermMs: number;
  readonly directory: Pick<Directory, 'all' | 'subscribe'>;
  readonly peers: Pick<Peers, 'replicas' | 'statusOf' | 'shed'>;
}): Duty[] {
  const { clock, retentionMs, forgetNodesAfterMs, leaseTermMs, directory, peers } = options;
  return [
    new Retention({ clock, retentionMs }),
    new Sweeping({ clock }),
    new InventoryCleanup({ clock, afterMs: forgetNodesAfterMs, directory }),
    new Rebalancing({
      ...{ clock, intervalMs: leaseTermMs / 2, settleMs: leaseTermMs },
      counts: () => sessionCounts([...peers.replicas()].map(({ name }) => [name, peers.statusOf(name)])),
      shed: (replica, count, aSecond, leaderRevision) => peers.shed(replica, count, aSecond, leaderRevision),
    }),
  ];
}

/** What a replica says of itself, as far as rebalancing asks. */
export interface Load {
  readonly sessions: number;
  readonly fenced: boolean;
  readonly stopping: boolean;
}

/** Replicas that stop take no agents and lose theirs anyway; while one is silent or fenced its agents may be anywhere. */
export function sessionCounts(loads: readonly (readonly [string, Load | undefined])[]): SessionCounts {
  const counts = new Map<string, number>();
  for (const [replica, load] of loads) {
    if (load === undefined || load.fenced) return undefined;
    if (!load.stopping) counts.set(replica, load.sessions);
  }
  return counts;
}
