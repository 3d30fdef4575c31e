import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { ConfirmRequest__Output } from '../../proto/gen/muster/v1/ConfirmRequest.ts';
import type { GetClusterResponse } from '../../proto/gen/muster/v1/GetClusterResponse.ts';
import type { Replica } from '../../proto/gen/muster/v1/Replica.ts';
import { MusterError } from '../../shared/errors.ts';

export interface FakeCluster {
  replicas: Replica[];
  store: GetClusterResponse;
}

export const healthyCluster = (): FakeCluster => ({
  replicas: [
    {
      name: 'fake-1',
      address: '127.0.0.1:1',
      version: '0.1.0',
      leader: true,
      reachable: true,
      sessions: 3,
      openJobs: 1,
    },
    { name: 'fake-2', address: '127.0.0.1:2', version: '0.1.0', reachable: true, sessions: 2, leaseAgeMs: 1200 },
  ],
  store: { era: 1, reason: 'begun', sinceUnixMs: 1_700_000_000_000 },
});

/** ClusterService over the fake's memory. */
export const fakeClusterHandlers = (plane: { readonly cluster: FakeCluster }) => ({
  ListReplicas: async () => ({ replicas: plane.cluster.replicas }),
  GetCluster: async () => plane.cluster.store,
  GetVersion: async () => ({ version: '0.1.0', protocol: 1, replica: 'fake-1', store: 'etcd' }),
  async Confirm({ request }: ServerUnaryCall<ConfirmRequest__Output, unknown>) {
    const { store } = plane.cluster;
    if (request.era !== 0 && request.era !== store.era) throw new MusterError('ERA_CHANGED', `the era is ${store.era}`);
    store.unconfirmed = false;
    return { era: store.era };
  },
});
