// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface Replica {
  'name'?: (string);
  'address'?: (string);
  'version'?: (string);
  'startedUnixMs'?: (number | string | Long);
  'leader'?: (boolean);
  'sessions'?: (number);
  'openJobs'?: (number);
  'fenced'?: (boolean);
  'leaseAgeMs'?: (number | string | Long);
  'reachable'?: (boolean);
  'stopping'?: (boolean);
}

export interface Replica__Output {
  'name': (string);
  'address': (string);
  'version': (string);
  'startedUnixMs': (number);
  'leader': (boolean);
  'sessions': (number);
  'openJobs': (number);
  'fenced': (boolean);
  'leaseAgeMs': (number);
  'reachable': (boolean);
  'stopping': (boolean);
}
