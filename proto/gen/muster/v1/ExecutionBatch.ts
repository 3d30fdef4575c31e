// Generated from proto/muster/v1 by npm run gen.

import type { Execution as _muster_v1_Execution, Execution__Output as _muster_v1_Execution__Output } from '../../muster/v1/Execution.ts';

export interface ExecutionBatch {
  'executions'?: (_muster_v1_Execution)[];
}

export interface ExecutionBatch__Output {
  'executions': (_muster_v1_Execution__Output)[];
}
