// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface JobOpened {
  'job'?: (string);
  'coordinatorRevision'?: (number | string | Long);
  'executions'?: (string)[];
  'era'?: (number | string | Long);
  'more'?: (boolean);
}

export interface JobOpened__Output {
  'job': (string);
  'coordinatorRevision': (number);
  'executions': (string)[];
  'era': (number);
  'more': (boolean);
}
