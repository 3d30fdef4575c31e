// Generated from proto/muster/v1 by npm run gen.

import type { OutputGap as _muster_v1_OutputGap, OutputGap__Output as _muster_v1_OutputGap__Output } from '../../muster/v1/OutputGap.ts';
import type { Long } from '@grpc/proto-loader';

export interface Output {
  'readId'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'gap'?: (_muster_v1_OutputGap | null);
  'end'?: (boolean);
  'error'?: (string);
  'present'?: (boolean);
}

export interface Output__Output {
  'readId': (number);
  'offset': (number);
  'data': (Buffer);
  'gap': (_muster_v1_OutputGap__Output | null);
  'end': (boolean);
  'error': (string);
  'present': (boolean);
}
