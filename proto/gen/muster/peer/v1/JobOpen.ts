// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface JobOpen {
  'job'?: (string);
  'coordinatorRevision'?: (number | string | Long);
  'order'?: (Buffer | Uint8Array | string);
  'era'?: (number | string | Long);
  'fresh'?: (boolean);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface JobOpen__Output {
  'job': (string);
  'coordinatorRevision': (number);
  'order': (Buffer);
  'era': (number);
  'fresh': (boolean);
  'signature': (Buffer);
}
