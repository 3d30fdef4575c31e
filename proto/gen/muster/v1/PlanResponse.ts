// Generated from proto/muster/v1 by npm run gen.

import type { PlannedNode as _muster_v1_PlannedNode, PlannedNode__Output as _muster_v1_PlannedNode__Output } from '../../muster/v1/PlannedNode.ts';

export interface PlanResponse {
  'nodes'?: (_muster_v1_PlannedNode)[];
  'total'?: (number);
}

export interface PlanResponse__Output {
  'nodes': (_muster_v1_PlannedNode__Output)[];
  'total': (number);
}
