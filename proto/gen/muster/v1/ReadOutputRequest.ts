// Generated from proto/muster/v1 by npm run gen.

import type { OutputStream as _muster_v1_OutputStream, OutputStream__Output as _muster_v1_OutputStream__Output } from '../../muster/v1/OutputStream.ts';
import type { Long } from '@grpc/proto-loader';

export interface ReadOutputRequest {
  'jobId'?: (string);
  'node'?: (string);
  'attempt'?: (number);
  'stream'?: (_muster_v1_OutputStream);
  'from'?: (number | string | Long);
  'until'?: (number | string | Long);
  'follow'?: (boolean);
}

export interface ReadOutputRequest__Output {
  'jobId': (string);
  'node': (string);
  'attempt': (number);
  'stream': (_muster_v1_OutputStream__Output);
  'from': (number);
  'until': (number);
  'follow': (boolean);
}
