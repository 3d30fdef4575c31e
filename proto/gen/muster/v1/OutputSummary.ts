// Generated from proto/muster/v1 by npm run gen.

import type { OutputGap as _muster_v1_OutputGap, OutputGap__Output as _muster_v1_OutputGap__Output } from '../../muster/v1/OutputGap.ts';
import type { Long } from '@grpc/proto-loader';

export interface OutputSummary {
  'bytes'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'gaps'?: (_muster_v1_OutputGap)[];
}

export interface OutputSummary__Output {
  'bytes': (number);
  'digest': (Buffer);
  'gaps': (_muster_v1_OutputGap__Output)[];
}
