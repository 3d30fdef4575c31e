// Generated from proto/muster/store/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface ReplicaRecord {
  'name'?: (string);
  'address'?: (string);
  'version'?: (string);
  'startedUnixMs'?: (number | string | Long);
  'incarnation'?: (string);
}

export interface ReplicaRecord__Output {
  'name': (string);
  'address': (string);
  'version': (string);
  'startedUnixMs': (number);
  'incarnation': (string);
}
