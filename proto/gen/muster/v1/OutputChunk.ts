// Generated from proto/muster/v1 by npm run gen.

import type { OutputStream as _muster_v1_OutputStream, OutputStream__Output as _muster_v1_OutputStream__Output } from '../../muster/v1/OutputStream.ts';
import type { OutputGap as _muster_v1_OutputGap, OutputGap__Output as _muster_v1_OutputGap__Output } from '../../muster/v1/OutputGap.ts';
import type { Long } from '@grpc/proto-loader';

export interface OutputChunk {
  'execution'?: (string);
  'node'?: (string);
  'stream'?: (_muster_v1_OutputStream);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'gap'?: (_muster_v1_OutputGap | null);
  'end'?: (boolean);
  'unavailable'?: (string);
}

export interface OutputChunk__Output {
  'execution': (string);
  'node': (string);
  'stream': (_muster_v1_OutputStream__Output);
  'offset': (number);
  'data': (Buffer);
  'gap': (_muster_v1_OutputGap__Output | null);
  'end': (boolean);
  'unavailable': (string);
}
