// Generated from proto/muster/peer/v1 by npm run gen.

import type { ExecutionEvent as _muster_v1_ExecutionEvent, ExecutionEvent__Output as _muster_v1_ExecutionEvent__Output } from '../../../muster/v1/ExecutionEvent.ts';

export interface JobEvents {
  'events'?: (_muster_v1_ExecutionEvent)[];
}

export interface JobEvents__Output {
  'events': (_muster_v1_ExecutionEvent__Output)[];
}
