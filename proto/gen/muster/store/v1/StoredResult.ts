// Generated from proto/muster/store/v1 by npm run gen.

import type { ExecutionResult as _muster_v1_ExecutionResult, ExecutionResult__Output as _muster_v1_ExecutionResult__Output } from '../../../muster/v1/ExecutionResult.ts';

export interface StoredResult {
  'target'?: (number);
  'attempt'?: (number);
  'result'?: (_muster_v1_ExecutionResult | null);
}

export interface StoredResult__Output {
  'target': (number);
  'attempt': (number);
  'result': (_muster_v1_ExecutionResult__Output | null);
}
