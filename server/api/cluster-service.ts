import type { ClusterServiceHandlers } from '../../proto/gen/muster/v1/ClusterService.ts';
import { MusterError } from '../../shared/errors.ts';
import type { ClusterState } from '../store/cluster-state.ts';
import { keys } from '../store/keys.ts';
import type { LostResults } from '../store/lost-results.ts';
import type { Store } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { Handlers } from './handlers.ts';

const protocolVersion = 1;

/** `ClusterService`: what the store says of the replicas, and what this one is. */
export function clusterService(options: {
  handlers: Handlers;
  store: Store;
  cluster: ClusterState;
  lostResults: LostResults;
  replica: string;
  version: string;
  sessions: () => number;
  openJobs: () => number;
}): ClusterServiceHandlers {
  const { handlers, store, cluster, lostResults, replica, version } = options;
  const leader = async (): Promise<string> => (await store.get(keys.leader))?.value.toString('utf8') ?? '';
  return {
    ListReplicas: handlers.unary(async () => {
      const [page, leading] = await Promise.all([store.list(keys.replicaPrefix), leader()]);
      const replicas = page.entries.map(({ value }) => {
        const record = values.replica.decode(value);
        const own = record.name === replica;
        // What another replica holds comes with the connections between replicas.
        const load = own ? { sessions: options.sessions(), openJobs: options.openJobs() } : {};
        return { ...record, leader: record.name === leading, ...load };
      });
      return { replicas };
    }),
    GetLeader: handlers.unary(async () => {
      const name = await leader();
      if (name === '') throw new MusterError('NO_LEADER', 'no replica is the leader now');
      return { replica: name };
    }),
    GetVersion: handlers.unary(async () => ({ version, protocol: protocolVersion, replica, store: store.driver })),
    GetCluster: handlers.unary(async () => {
      // The watch may lag; whoever asks has just changed something, or is about to.
      await cluster.check();
      const { era, unconfirmed, reason, sinceUnixMs } = cluster;
      return { era, unconfirmed, reason, sinceUnixMs, lostResults: await lostResults.count() };
    }),
    Confirm: handlers.unary(async ({ era }) => ({ era: await cluster.confirm(era) })),
  };
}
