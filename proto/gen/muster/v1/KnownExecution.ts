// Generated from proto/muster/v1 by npm run gen.

import type { ExecutionState as _muster_v1_ExecutionState, ExecutionState__Output as _muster_v1_ExecutionState__Output } from '../../muster/v1/ExecutionState.ts';
import type { Long } from '@grpc/proto-loader';

export interface KnownExecution {
  'execution'?: (string);
  'state'?: (_muster_v1_ExecutionState);
  'stdoutBytes'?: (number | string | Long);
  'stderrBytes'?: (number | string | Long);
}

export interface KnownExecution__Output {
  'execution': (string);
  'state': (_muster_v1_ExecutionState__Output);
  'stdoutBytes': (number);
  'stderrBytes': (number);
}
