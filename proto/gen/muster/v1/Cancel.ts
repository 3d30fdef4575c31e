// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface Cancel {
  'execution'?: (string);
  'signal'?: (number);
  'graceMs'?: (number | string | Long);
  '_graceMs'?: "graceMs";
}

export interface Cancel__Output {
  'execution': (string);
  'signal': (number);
  'graceMs'?: (number);
  '_graceMs'?: "graceMs";
}
