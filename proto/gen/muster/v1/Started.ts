// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface Started {
  'atUnixMs'?: (number | string | Long);
  'pid'?: (number);
}

export interface Started__Output {
  'atUnixMs': (number);
  'pid': (number);
}
