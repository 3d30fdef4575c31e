// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface CancelRequest {
  'jobId'?: (string);
  'signal'?: (number);
  'graceMs'?: (number | string | Long);
  '_graceMs'?: "graceMs";
}

export interface CancelRequest__Output {
  'jobId': (string);
  'signal': (number);
  'graceMs'?: (number);
  '_graceMs'?: "graceMs";
}
