// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface ConfirmResponse {
  'era'?: (number | string | Long);
}

export interface ConfirmResponse__Output {
  'era': (number);
}
