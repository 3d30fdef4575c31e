import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import { KeptLease } from './kept-lease.ts';
import type { Lease, Store } from './store.ts';

/** A lease a node would end etcd, one for all of them is slow to revoke. */
export const presenceShards = 4;

/** Which of the presence leases a node's presence hangs on, from 0. */
export function presenceShardOf(uid: NodeUid): number {
  let hash = 0;
  for (let index = 0; index < uid.length; index += 1) hash = (Math.imul(hash, 31) + uid.charCodeAt(index)) >>> 0;
  return hash % presenceShards;
}

/**
 * The leases that everything a replica claims hangs on: one for its record, its coordinator keys and its leadership, and a few for the
 * presence of its nodes. Each that is lost is granted anew by itself, and its callback claims again.
 * A lease is not a lock: past two thirds of the main one's term without an answered renewal the replica is fenced, whatever
 * the store says; and where that one was lost, until all of its own is claimed again or known to be another's.
 */
export class ReplicaLease {
  readonly #main: KeptLease;
  readonly #presence: readonly KeptLease[];
  #fenceReason: string | undefined;

  private constructor(main: KeptLease, presence: readonly KeptLease[]) {
    this.#main = main;
    this.#presence = presence;
  }

  static async grant(options: ReplicaLeaseOptions): Promise<ReplicaLease> {
    const { regranted, presenceRegranted, ...shared } = options;
    const granted = await Promise.allSettled([
      KeptLease.grant({ ...shared, name: 'main', regranted }),
      ...Array.from({ length: presenceShards }, (_, shard) =>
        KeptLease.grant({ ...shared, name: `presence ${shard}`, regranted: () => presenceRegranted(shard) }),
      ),
    ]);
    const leases = granted.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = granted.find((one) => one.status === 'rejected');
    const [main, ...presence] = leases;
    if (failed !== undefined || main === undefined) {
      await Promise.all(leases.map((lease) => lease.close()));
      throw failed?.reason;
    }
    return new ReplicaLease(main, presence);
  }

  /** For the replica's record, its coordinator keys and its leadership. */
  get current(): Lease {
    return this.#main.current;
  }

  /** For the presence of this node. */
  presenceLease(uid: NodeUid): Lease {
    return (this.#presence[presenceShardOf(uid)] as KeptLease).current;
  }

  /** No Start, no store write, no outcome made by the server while this holds. */
  get fenced(): boolean {
    return this.#fenceReason !== undefined || this.#main.fenced;
  }

  /** Since the main lease was last known to stand. */
  get ageMs(): number {
    return this.#main.ageMs;
  }

  /** Fenced from now on and for good: this process must not act any more, whatever its leases say. */
  fence(reason: string): void {
    this.#fenceReason ??= reason;
  }

  /** Revokes them: everything claimed under them goes at once. */
  async close(): Promise<void> {
    await Promise.all([this.#main, ...this.#presence].map((lease) => lease.close()));
  }
}

export interface ReplicaLeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly termMs: number;
  /** The main lease is another one: claims again the record, jobs and leadership. Its failure asks for another lease. */
  readonly regranted: () => Promise<void>;
  /** The presence lease of this shard (`presenceShardOf`) is another one: claims again the nodes of it. Likewise. */
  readonly presenceRegranted: (shard: number) => Promise<void>;
}
