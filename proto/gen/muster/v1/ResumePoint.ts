// Generated from proto/muster/v1 by npm run gen.

import type { ExecutionState as _muster_v1_ExecutionState, ExecutionState__Output as _muster_v1_ExecutionState__Output } from '../../muster/v1/ExecutionState.ts';
import type { Long } from '@grpc/proto-loader';

export interface ResumePoint {
  'execution'?: (string);
  'state'?: (_muster_v1_ExecutionState);
  'stdoutOffset'?: (number | string | Long);
  'stderrOffset'?: (number | string | Long);
  'stdoutEnded'?: (boolean);
  'stderrEnded'?: (boolean);
}

export interface ResumePoint__Output {
  'execution': (string);
  'state': (_muster_v1_ExecutionState__Output);
  'stdoutOffset': (number);
  'stderrOffset': (number);
  'stdoutEnded': (boolean);
  'stderrEnded': (boolean);
}
