// Generated from proto/muster/v1 by npm run gen.

import type { Hello as _muster_v1_Hello, Hello__Output as _muster_v1_Hello__Output } from '../../muster/v1/Hello.ts';
import type { ExecutionEvent as _muster_v1_ExecutionEvent, ExecutionEvent__Output as _muster_v1_ExecutionEvent__Output } from '../../muster/v1/ExecutionEvent.ts';
import type { Output as _muster_v1_Output, Output__Output as _muster_v1_Output__Output } from '../../muster/v1/Output.ts';
import type { Heartbeat as _muster_v1_Heartbeat, Heartbeat__Output as _muster_v1_Heartbeat__Output } from '../../muster/v1/Heartbeat.ts';

export interface ConnectRequest {
  'hello'?: (_muster_v1_Hello | null);
  'event'?: (_muster_v1_ExecutionEvent | null);
  'output'?: (_muster_v1_Output | null);
  'heartbeat'?: (_muster_v1_Heartbeat | null);
  'frame'?: "hello"|"event"|"output"|"heartbeat";
}

export interface ConnectRequest__Output {
  'hello'?: (_muster_v1_Hello__Output | null);
  'event'?: (_muster_v1_ExecutionEvent__Output | null);
  'output'?: (_muster_v1_Output__Output | null);
  'heartbeat'?: (_muster_v1_Heartbeat__Output | null);
  'frame'?: "hello"|"event"|"output"|"heartbeat";
}
