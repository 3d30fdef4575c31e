// Generated from proto/muster/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface Input {
  'execution'?: (string);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

export interface Input__Output {
  'execution': (string);
  'offset': (number);
  'data': (Buffer);
}
