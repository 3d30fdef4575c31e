// Generated from proto/muster/store/v1 by npm run gen.

import type { InclusionProof as _muster_v1_InclusionProof, InclusionProof__Output as _muster_v1_InclusionProof__Output } from '../../../muster/v1/InclusionProof.ts';
import type { Long } from '@grpc/proto-loader';

export interface ReceivedRecord {
  'order'?: (Buffer | Uint8Array | string);
  'proof'?: (_muster_v1_InclusionProof | null);
  'traceparent'?: (string);
  'acceptedUnixMs'?: (number | string | Long);
}

export interface ReceivedRecord__Output {
  'order': (Buffer);
  'proof': (_muster_v1_InclusionProof__Output | null);
  'traceparent': (string);
  'acceptedUnixMs': (number);
}
