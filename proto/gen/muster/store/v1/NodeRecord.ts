// Generated from proto/muster/store/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface NodeRecord {
  'uid'?: (string);
  'name'?: (string);
  'labels'?: ({[key: string]: string});
  'facts'?: ({[key: string]: string});
  'cordoned'?: (boolean);
  'version'?: (string);
  'registeredUnixMs'?: (number | string | Long);
  'lastSeenUnixMs'?: (number | string | Long);
}

export interface NodeRecord__Output {
  'uid': (string);
  'name': (string);
  'labels': ({[key: string]: string});
  'facts': ({[key: string]: string});
  'cordoned': (boolean);
  'version': (string);
  'registeredUnixMs': (number);
  'lastSeenUnixMs': (number);
}
