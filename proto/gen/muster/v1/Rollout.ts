// Generated from proto/muster/v1 by npm run gen.

import type { Amount as _muster_v1_Amount, Amount__Output as _muster_v1_Amount__Output } from '../../muster/v1/Amount.ts';

export interface Rollout {
  'maxConcurrency'?: (_muster_v1_Amount | null);
  'maxErrors'?: (_muster_v1_Amount | null);
}

export interface Rollout__Output {
  'maxConcurrency': (_muster_v1_Amount__Output | null);
  'maxErrors': (_muster_v1_Amount__Output | null);
}
