// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface StaleCoordinator {
  'job'?: (string);
  'highestRevision'?: (number | string | Long);
  'era'?: (number | string | Long);
}

export interface StaleCoordinator__Output {
  'job': (string);
  'highestRevision': (number);
  'era': (number);
}
