// Generated from proto/muster/v1 by npm run gen.

import type { OutputStream as _muster_v1_OutputStream, OutputStream__Output as _muster_v1_OutputStream__Output } from '../../muster/v1/OutputStream.ts';
import type { Long } from '@grpc/proto-loader';

export interface Read {
  'readId'?: (number | string | Long);
  'execution'?: (string);
  'stream'?: (_muster_v1_OutputStream);
  'from'?: (number | string | Long);
  'until'?: (number | string | Long);
  'close'?: (boolean);
  'untilPresent'?: (boolean);
}

export interface Read__Output {
  'readId': (number);
  'execution': (string);
  'stream': (_muster_v1_OutputStream__Output);
  'from': (number);
  'until': (number);
  'close': (boolean);
  'untilPresent': (boolean);
}
