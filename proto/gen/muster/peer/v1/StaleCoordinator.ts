// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface StaleCoordinator {
  'job'?: (string);
  'highestRevision'?: (number | string | Long);
}

export interface StaleCoordinator__Output {
  'job': (string);
  'highestRevision': (number);
}
