// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface PeerStatus {
  'sessions'?: (number);
  'openJobs'?: (number);
  'fenced'?: (boolean);
  'leaseAgeMs'?: (number | string | Long);
  'stopping'?: (boolean);
}

export interface PeerStatus__Output {
  'sessions': (number);
  'openJobs': (number);
  'fenced': (boolean);
  'leaseAgeMs': (number);
  'stopping': (boolean);
}
