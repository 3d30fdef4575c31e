// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface Node {
  'uid'?: (string);
  'name'?: (string);
  'labels'?: ({[key: string]: string});
  'facts'?: ({[key: string]: string});
  'cordoned'?: (boolean);
  'connected'?: (boolean);
  'replica'?: (string);
  'version'?: (string);
  'registeredUnixMs'?: (number | string | Long);
  'lastSeenUnixMs'?: (number | string | Long);
  'running'?: (number);
  'runningUnknown'?: (boolean);
}

export interface Node__Output {
  'uid': (string);
  'name': (string);
  'labels': ({[key: string]: string});
  'facts': ({[key: string]: string});
  'cordoned': (boolean);
  'connected': (boolean);
  'replica': (string);
  'version': (string);
  'registeredUnixMs': (number);
  'lastSeenUnixMs': (number);
  'running': (number);
  'runningUnknown': (boolean);
}
