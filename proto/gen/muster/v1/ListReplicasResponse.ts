// Generated from proto/muster/v1 by npm run gen.

import type { Replica as _muster_v1_Replica, Replica__Output as _muster_v1_Replica__Output } from '../../muster/v1/Replica.ts';

export interface ListReplicasResponse {
  'replicas'?: (_muster_v1_Replica)[];
}

export interface ListReplicasResponse__Output {
  'replicas': (_muster_v1_Replica__Output)[];
}
