// Generated from proto/muster/v1 by npm run gen.

import type { OutputPolicy as _muster_v1_OutputPolicy, OutputPolicy__Output as _muster_v1_OutputPolicy__Output } from '../../muster/v1/OutputPolicy.ts';
import type { Long } from '@grpc/proto-loader';

export interface Limits {
  'timeoutMs'?: (number | string | Long);
  'graceMs'?: (number | string | Long);
  'outputBoundBytes'?: (number | string | Long);
  'outputPolicy'?: (_muster_v1_OutputPolicy);
  '_graceMs'?: "graceMs";
}

export interface Limits__Output {
  'timeoutMs': (number);
  'graceMs'?: (number);
  'outputBoundBytes': (number);
  'outputPolicy': (_muster_v1_OutputPolicy__Output);
  '_graceMs'?: "graceMs";
}
