// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface JobReleases {
  'job'?: (string);
  'coordinatorRevision'?: (number | string | Long);
  'executions'?: (string)[];
  'unknownJob'?: (boolean);
  'era'?: (number | string | Long);
}

export interface JobReleases__Output {
  'job': (string);
  'coordinatorRevision': (number);
  'executions': (string)[];
  'unknownJob': (boolean);
  'era': (number);
}
