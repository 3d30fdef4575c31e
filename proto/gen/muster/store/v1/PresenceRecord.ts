// Generated from proto/muster/store/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface PresenceRecord {
  'replica'?: (string);
  'era'?: (number | string | Long);
  'epochRevision'?: (number | string | Long);
}

export interface PresenceRecord__Output {
  'replica': (string);
  'era': (number);
  'epochRevision': (number);
}
