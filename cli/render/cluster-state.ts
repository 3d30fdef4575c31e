import type { GetClusterResponse__Output } from '../../proto/gen/muster/v1/GetClusterResponse.ts';
import type { Replica__Output } from '../../proto/gen/muster/v1/Replica.ts';

/** What `muster cluster` knows. */
export interface ClusterState {
  /** By name. */
  readonly replicas: readonly Replica__Output[];
  readonly store: GetClusterResponse__Output;
  /** `embedded` or `etcd`. */
  readonly driver: string;
  /** The replica that answered. */
  readonly answeredBy: string;
}

export type ReplicaState = 'ok' | 'stopping' | 'fenced' | 'unreachable';

/** One word for a replica; the worst that holds. */
export function replicaState({ reachable, fenced, stopping }: Replica__Output): ReplicaState {
  if (!reachable) return 'unreachable';
  if (fenced) return 'fenced';
  return stopping ? 'stopping' : 'ok';
}

/** What an operator should look at, a sentence each; empty where all is well. A replica that stops is no trouble. */
export function clusterTroubles({ replicas, store, answeredBy }: ClusterState): string[] {
  const troubles: string[] = [];
  const names = (state: ReplicaState): string =>
    replicas
      .filter((replica) => replicaState(replica) === state)
      .map(({ name }) => name)
      .join(', ');
  const unreachable = names('unreachable');
  if (unreachable !== '') troubles.push(`${answeredBy} can't reach ${unreachable}`);
  const fenced = names('fenced');
  if (fenced !== '') troubles.push(`fenced, without an answer from the store: ${fenced}`);
  if (!replicas.some(({ leader }) => leader)) troubles.push('no replica is the leader');
  if (store.unconfirmed) {
    troubles.push(`the store was found wiped: no new jobs until muster cluster confirm --era ${store.era}`);
  }
  return troubles;
}
