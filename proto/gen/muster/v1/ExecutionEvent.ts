// Generated from proto/muster/v1 by npm run gen.

import type { Accepted as _muster_v1_Accepted, Accepted__Output as _muster_v1_Accepted__Output } from '../../muster/v1/Accepted.ts';
import type { Started as _muster_v1_Started, Started__Output as _muster_v1_Started__Output } from '../../muster/v1/Started.ts';
import type { ExecutionResult as _muster_v1_ExecutionResult, ExecutionResult__Output as _muster_v1_ExecutionResult__Output } from '../../muster/v1/ExecutionResult.ts';

export interface ExecutionEvent {
  'execution'?: (string);
  'accepted'?: (_muster_v1_Accepted | null);
  'started'?: (_muster_v1_Started | null);
  'finished'?: (_muster_v1_ExecutionResult | null);
  'event'?: "accepted"|"started"|"finished";
}

export interface ExecutionEvent__Output {
  'execution': (string);
  'accepted'?: (_muster_v1_Accepted__Output | null);
  'started'?: (_muster_v1_Started__Output | null);
  'finished'?: (_muster_v1_ExecutionResult__Output | null);
  'event'?: "accepted"|"started"|"finished";
}
