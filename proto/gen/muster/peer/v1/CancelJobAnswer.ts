// Generated from proto/muster/peer/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface CancelJobAnswer {
  'requestId'?: (number | string | Long);
  'error'?: (string);
  'message'?: (string);
}

export interface CancelJobAnswer__Output {
  'requestId': (number);
  'error': (string);
  'message': (string);
}
