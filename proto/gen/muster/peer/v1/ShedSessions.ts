// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface ShedSessions {
  'count'?: (number);
  'aSecond'?: (number);
  'leaderRevision'?: (number | string | Long);
}

export interface ShedSessions__Output {
  'count': (number);
  'aSecond': (number);
  'leaderRevision': (number);
}
