// Generated from proto/muster/v1 by npm run gen.

import type { ExecutionState as _muster_v1_ExecutionState, ExecutionState__Output as _muster_v1_ExecutionState__Output } from '../../muster/v1/ExecutionState.ts';
import type { ExecutionResult as _muster_v1_ExecutionResult, ExecutionResult__Output as _muster_v1_ExecutionResult__Output } from '../../muster/v1/ExecutionResult.ts';
import type { Long } from '@grpc/proto-loader';

export interface Execution {
  'id'?: (string);
  'nodeUid'?: (string);
  'node'?: (string);
  'attempt'?: (number);
  'state'?: (_muster_v1_ExecutionState);
  'result'?: (_muster_v1_ExecutionResult | null);
  'nodeAway'?: (boolean);
  'undetermined'?: (boolean);
  'startedUnixMs'?: (number | string | Long);
}

export interface Execution__Output {
  'id': (string);
  'nodeUid': (string);
  'node': (string);
  'attempt': (number);
  'state': (_muster_v1_ExecutionState__Output);
  'result': (_muster_v1_ExecutionResult__Output | null);
  'nodeAway': (boolean);
  'undetermined': (boolean);
  'startedUnixMs': (number);
}
