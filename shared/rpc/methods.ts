import type { ClusterServiceDefinition } from '../../proto/gen/muster/v1/ClusterService.ts';
import type { JobServiceDefinition } from '../../proto/gen/muster/v1/JobService.ts';
import type { NodeServiceDefinition } from '../../proto/gen/muster/v1/NodeService.ts';
import { serviceDefinition } from './proto.ts';

/** The typed methods of the services that users call. */
export const jobMethods = serviceDefinition('muster.v1.JobService') as unknown as JobServiceDefinition;
export const nodeMethods = serviceDefinition('muster.v1.NodeService') as unknown as NodeServiceDefinition;
export const clusterMethods = serviceDefinition('muster.v1.ClusterService') as unknown as ClusterServiceDefinition;
