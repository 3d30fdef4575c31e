// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface ConfirmRequest {
  'era'?: (number | string | Long);
}

export interface ConfirmRequest__Output {
  'era': (number);
}
