import type { PeerStatus } from '../../proto/gen/muster/peer/v1/PeerStatus.ts';
import type { ReplicaRecord__Output } from '../../proto/gen/muster/store/v1/ReplicaRecord.ts';
import type { ClusterServiceHandlers } from '../../proto/gen/muster/v1/ClusterService.ts';
import type { Replica } from '../../proto/gen/muster/v1/Replica.ts';
import { MusterError } from '../../shared/errors.ts';
import { compareNatural } from '../../shared/natural-order.ts';
import type { ClusterState } from '../store/cluster-state.ts';
import { keys } from '../store/keys.ts';
import type { LostResults } from '../store/lost-results.ts';
import type { Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { Handlers } from './handlers.ts';

const protocolVersion = 1;

export type KnownReplica = Pick<ReplicaRecord__Output, 'name' | 'address' | 'version' | 'startedUnixMs'>;

/** What this replica knows of the others without asking the store. */
export interface PeerView {
  /** Those that had a record when it was last heard of. */
  replicas(): Iterable<KnownReplica>;
  /** What a replica last said of itself; undefined while there is no link to it. */
  statusOf(replica: string): Required<PeerStatus> | undefined;
}

export interface ClusterServiceOptions {
  readonly handlers: Handlers;
  readonly store: Store;
  readonly cluster: ClusterState;
  readonly lostResults: LostResults;
  readonly peers: PeerView;
  /** This replica's own record. */
  readonly own: () => KnownReplica;
  /** What this replica says of itself. */
  readonly status: () => Required<PeerStatus>;
}

/**
 * `ClusterService`: the replicas, their leader, the store. While the store is away it tells what this replica knows: that is
 * when somebody looks.
 */
export function clusterService(options: ClusterServiceOptions): ClusterServiceHandlers {
  const { handlers, store, cluster, lostResults, peers, own, status } = options;
  let lastLeader = '';
  let lastLost = 0;
  const leader = async (): Promise<string> => {
    const entry = await store.get(keys.leader);
    lastLeader = entry === undefined ? '' : values.leader.decode(entry.value).replica;
    return lastLeader;
  };
  /** What the store says, or what is known where it is away; a fenced replica knows that and does not wait for it. */
  const orKnown = async <Value>(ask: () => Promise<Value>, known: () => Value): Promise<Value> => {
    if (status().fenced) return known();
    try {
      return await ask();
    } catch (error) {
      if (error instanceof MusterError && error.reason === 'STORE_UNAVAILABLE') return known();
      throw error;
    }
  };
  return {
    ListReplicas: handlers.unary(async () => {
      const [records, leading] = await Promise.all([
        orKnown(
          () => listRecords(store),
          () => [...peers.replicas()],
        ),
        orKnown(leader, () => lastLeader),
      ]);
      const others = records.filter(({ name }) => name !== own().name);
      return { replicas: replicaList([own(), ...others], leading, own().name, status(), peers) };
    }),
    GetLeader: handlers.unary(async () => {
      const name = await leader();
      if (name === '') throw new MusterError('NO_LEADER', 'no replica is the leader now');
      return { replica: name };
    }),
    GetVersion: handlers.unary(async () => {
      const { name, version } = own();
      return { version, protocol: protocolVersion, replica: name, store: store.driver };
    }),
    GetCluster: handlers.unary(async () => {
      await orKnown(
        // The watch may lag; whoever asks has just changed something, or is about to.
        () => cluster.check(),
        () => {},
      );
      lastLost = await orKnown(
        () => lostResults.count(),
        () => lastLost,
      );
      const { era, unconfirmed, reason, sinceUnixMs } = cluster;
      return { era, unconfirmed, reason, sinceUnixMs, lostResults: lastLost };
    }),
    Confirm: handlers.unary(async ({ era }) => ({ era: await cluster.confirm(era) })),
  };
}

/** The replicas as clients see them, by name. A peer that no link reaches has no numbers; nothing is made up for it. */
export function replicaList(
  records: readonly KnownReplica[],
  leader: string,
  ownName: string,
  ownStatus: PeerStatus,
  peers: Pick<PeerView, 'statusOf'>,
): Replica[] {
  return records
    .map(({ name, address, version, startedUnixMs }) => {
      const said = name === ownName ? ownStatus : peers.statusOf(name);
      const base = { name, address, version, startedUnixMs, leader: name === leader };
      if (said === undefined) return { ...base, reachable: false };
      const { sessions, openJobs, fenced, leaseAgeMs, stopping } = said;
      return { ...base, reachable: true, sessions, openJobs, fenced, leaseAgeMs, stopping };
    })
    .sort((one, other) => compareNatural(one.name, other.name));
}

async function listRecords(store: Store): Promise<KnownReplica[]> {
  const { entries } = await store.list(keys.replicaPrefix);
  return entries.map(({ value }) => values.replica.decode(value));
}
