// Generated from proto/muster/store/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface OrderRecord {
  'order'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
  'submittedUnixMs'?: (number | string | Long);
  'targetChunks'?: (number);
  'stdinChunks'?: (number);
  'traceparent'?: (string);
}

export interface OrderRecord__Output {
  'order': (Buffer);
  'signature': (Buffer);
  'submittedUnixMs': (number);
  'targetChunks': (number);
  'stdinChunks': (number);
  'traceparent': (string);
}
