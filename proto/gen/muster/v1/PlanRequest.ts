// Generated from proto/muster/v1 by npm run gen.

import type { Target as _muster_v1_Target, Target__Output as _muster_v1_Target__Output } from '../../muster/v1/Target.ts';

export interface PlanRequest {
  'target'?: (_muster_v1_Target | null);
}

export interface PlanRequest__Output {
  'target': (_muster_v1_Target__Output | null);
}
