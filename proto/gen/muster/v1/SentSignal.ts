// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface SentSignal {
  'signal'?: (number);
  'afterMs'?: (number | string | Long);
  'processes'?: (number);
}

export interface SentSignal__Output {
  'signal': (number);
  'afterMs': (number);
  'processes': (number);
}
