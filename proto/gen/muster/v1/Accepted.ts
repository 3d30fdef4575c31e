// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface Accepted {
  'atUnixMs'?: (number | string | Long);
}

export interface Accepted__Output {
  'atUnixMs': (number);
}
