// Generated from proto/muster/store/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface Era {
  'era'?: (number | string | Long);
  'clusterId'?: (string);
  'unconfirmed'?: (boolean);
  'reason'?: (string);
  'sinceUnixMs'?: (number | string | Long);
}

export interface Era__Output {
  'era': (number);
  'clusterId': (string);
  'unconfirmed': (boolean);
  'reason': (string);
  'sinceUnixMs': (number);
}
