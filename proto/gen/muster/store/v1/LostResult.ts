// Generated from proto/muster/store/v1 by npm run gen.

import type { ExecutionResult as _muster_v1_ExecutionResult, ExecutionResult__Output as _muster_v1_ExecutionResult__Output } from '../../../muster/v1/ExecutionResult.ts';
import type { Long } from '@grpc/proto-loader';

export interface LostResult {
  'node'?: (string);
  'result'?: (_muster_v1_ExecutionResult | null);
  'receivedUnixMs'?: (number | string | Long);
}

export interface LostResult__Output {
  'node': (string);
  'result': (_muster_v1_ExecutionResult__Output | null);
  'receivedUnixMs': (number);
}
