// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface Epoch {
  'era'?: (number | string | Long);
  'revision'?: (number | string | Long);
}

export interface Epoch__Output {
  'era': (number);
  'revision': (number);
}
