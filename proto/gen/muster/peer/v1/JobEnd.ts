// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface JobEnd {
  'job'?: (string);
  'coordinatorRevision'?: (number | string | Long);
  'era'?: (number | string | Long);
}

export interface JobEnd__Output {
  'job': (string);
  'coordinatorRevision': (number);
  'era': (number);
}
