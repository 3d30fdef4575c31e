// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface GetClusterResponse {
  'era'?: (number | string | Long);
  'unconfirmed'?: (boolean);
  'reason'?: (string);
  'sinceUnixMs'?: (number | string | Long);
  'lostResults'?: (number);
}

export interface GetClusterResponse__Output {
  'era': (number);
  'unconfirmed': (boolean);
  'reason': (string);
  'sinceUnixMs': (number);
  'lostResults': (number);
}
