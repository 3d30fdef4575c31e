// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface CancelJob {
  'requestId'?: (number | string | Long);
  'job'?: (string);
  'signal'?: (number);
  'graceMs'?: (number | string | Long);
  '_graceMs'?: "graceMs";
}

export interface CancelJob__Output {
  'requestId': (number);
  'job': (string);
  'signal': (number);
  'graceMs'?: (number);
  '_graceMs'?: "graceMs";
}
