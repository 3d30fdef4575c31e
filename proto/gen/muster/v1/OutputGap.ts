// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface OutputGap {
  'from'?: (number | string | Long);
  'until'?: (number | string | Long);
  'reason'?: (string);
}

export interface OutputGap__Output {
  'from': (number);
  'until': (number);
  'reason': (string);
}
