import type { Log } from '../shared/log.ts';
import type { ReplicaMetrics } from '../shared/telemetry/replica-metrics.ts';
import type { Tracer } from '../shared/telemetry/tracer.ts';
import type { Clock } from '../shared/time.ts';
import { agentService } from './api/agent-service.ts';
import { clusterService } from './api/cluster-service.ts';
import { Handlers } from './api/handlers.ts';
import { jobService } from './api/job-service.ts';
import { nodeService } from './api/node-service.ts';
import { peerService } from './api/peer-service.ts';
import type { ReplicaParts } from './replica-parts.ts';
import type { ClusterState } from './store/cluster-state.ts';
import type { Store } from './store/store.ts';

/** The gRPC services of a replica by full name. */
export function replicaServices(options: {
  readonly parts: ReplicaParts;
  readonly store: Store;
  readonly cluster: ClusterState;
  readonly tracer: Tracer;
  readonly count: ReplicaMetrics;
  readonly clock: Clock;
  readonly log: Log;
  /** The replica's own record. */
  readonly own: Parameters<typeof clusterService>[0]['own'];
}): Record<string, unknown> {
  const { parts, store, cluster, tracer, count, clock, log, own } = options;
  const { fleet, admission, directory, inventory, jobs, views, cancels, nodes, outputs, peers, lostResults } = parts;
  const handlers = new Handlers({
    tracer,
    observe: ({ method, code, durationMs, unexpected }) => {
      count.rpc({ method, code, durationMs });
      if (unexpected !== undefined)
        log.error({ err: unexpected, 'rpc.method': method, code }, 'a call failed unexpectedly');
    },
  });
  const status = () => parts.status();
  return {
    'muster.v1.AgentService': agentService({ fleet, admission, log, refused: count.sessionRefused }),
    'muster.v1.JobService': jobService({ handlers, directory, jobs, views, cancels, nodes, outputs, clock }),
    'muster.v1.NodeService': nodeService({ handlers, directory, inventory, fleet }),
    'muster.v1.ClusterService': clusterService({ handlers, store, cluster, lostResults, status, own, peers }),
    'muster.peer.v1.PeerService': peerService(peers),
  };
}
