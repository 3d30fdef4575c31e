// Generated from proto/muster/peer/v1 by npm run gen.

import type { ExecutionState as _muster_v1_ExecutionState, ExecutionState__Output as _muster_v1_ExecutionState__Output } from '../../../muster/v1/ExecutionState.ts';
import type { ExecutionResult as _muster_v1_ExecutionResult, ExecutionResult__Output as _muster_v1_ExecutionResult__Output } from '../../../muster/v1/ExecutionResult.ts';
import type { Long } from '@grpc/proto-loader';

export interface ExecutionUpdate {
  'target'?: (number);
  'attempt'?: (number);
  'state'?: (_muster_v1_ExecutionState);
  'startedUnixMs'?: (number | string | Long);
  'result'?: (_muster_v1_ExecutionResult | null);
}

export interface ExecutionUpdate__Output {
  'target': (number);
  'attempt': (number);
  'state': (_muster_v1_ExecutionState__Output);
  'startedUnixMs': (number);
  'result': (_muster_v1_ExecutionResult__Output | null);
}
