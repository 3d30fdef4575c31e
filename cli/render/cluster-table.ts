import { type ClusterState, clusterTroubles, replicaState } from './cluster-state.ts';
import { isoTime } from './documents.ts';
import { age, shortDuration } from './short-duration.ts';
import { tableText } from './table.ts';
import { visibleText } from './visible.ts';

/** Replicas a line each, the store in a line, and what is wrong. `wide` adds how long each has run. */
export function clusterText(cluster: ClusterState, wide: boolean, nowUnixMs: number): string {
  const header = [
    'REPLICA',
    'STATE',
    'ROLE',
    'SESSIONS',
    'JOBS',
    'LEASE',
    'VERSION',
    ...(wide ? ['UP'] : []),
    'ADDRESS',
  ];
  const rows = cluster.replicas.map((replica) => {
    const known = (text: string): string => (replica.reachable ? text : '?');
    return [
      replica.name,
      replicaState(replica),
      replica.leader ? 'leader' : '-',
      known(String(replica.sessions)),
      known(String(replica.openJobs)),
      known(shortDuration(replica.leaseAgeMs)),
      replica.version,
      ...(wide ? [age(replica.startedUnixMs, nowUnixMs)] : []),
      replica.address,
    ];
  });
  const troubles = clusterTroubles(cluster).map((trouble) => `! ${visibleText(trouble)}\n`);
  return `${tableText(header, rows)}\n${storeLine(cluster, nowUnixMs)}\n${troubles.join('')}`;
}

/** `store: etcd, era 2 (rolled-back 3h ago), confirmed`. */
function storeLine({ driver, store }: ClusterState, nowUnixMs: number): string {
  const since = store.sinceUnixMs > 0 ? ` ${age(store.sinceUnixMs, nowUnixMs)} ago` : '';
  const parts = [
    visibleText(driver),
    `era ${store.era}${store.reason === '' ? '' : ` (${visibleText(store.reason)}${since})`}`,
    store.unconfirmed ? 'read-only until: muster cluster confirm' : 'confirmed',
    ...(store.lostResults > 0 ? [`${store.lostResults} results of jobs it lost are kept aside`] : []),
  ];
  return `store: ${parts.join(', ')}`;
}

/** The cluster as `json`, `yaml` and `jsonl` show it. */
export const clusterDocument = (cluster: ClusterState) => ({
  replicas: cluster.replicas.map((replica) => ({
    replica: replica.name,
    address: replica.address,
    version: replica.version,
    state: replicaState(replica),
    leader: replica.leader,
    // What is not known is null: a replica that can't be reached has told nobody.
    sessions: replica.reachable ? replica.sessions : null,
    openJobs: replica.reachable ? replica.openJobs : null,
    leaseAgeMs: replica.reachable ? replica.leaseAgeMs : null,
    started: isoTime(replica.startedUnixMs),
  })),
  leader: cluster.replicas.find(({ leader }) => leader)?.name ?? null,
  store: {
    driver: cluster.driver,
    era: cluster.store.era,
    reason: cluster.store.reason,
    since: isoTime(cluster.store.sinceUnixMs),
    confirmed: !cluster.store.unconfirmed,
    lostResults: cluster.store.lostResults,
  },
  troubles: clusterTroubles(cluster),
  answeredBy: cluster.answeredBy,
});
