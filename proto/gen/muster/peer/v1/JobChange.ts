// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface JobChange {
  'state'?: (string);
  'reason'?: (string);
  'closedUnixMs'?: (number | string | Long);
}

export interface JobChange__Output {
  'state': (string);
  'reason': (string);
  'closedUnixMs': (number);
}
