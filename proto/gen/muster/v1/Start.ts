// Generated from proto/muster/v1 by npm run gen.

import type { InclusionProof as _muster_v1_InclusionProof, InclusionProof__Output as _muster_v1_InclusionProof__Output } from '../../muster/v1/InclusionProof.ts';
import type { Read as _muster_v1_Read, Read__Output as _muster_v1_Read__Output } from '../../muster/v1/Read.ts';

export interface Start {
  'execution'?: (string);
  'order'?: (Buffer | Uint8Array | string);
  'proof'?: (_muster_v1_InclusionProof | null);
  'traceparent'?: (string);
  'reads'?: (_muster_v1_Read)[];
  'signature'?: (Buffer | Uint8Array | string);
}

export interface Start__Output {
  'execution': (string);
  'order': (Buffer);
  'proof': (_muster_v1_InclusionProof__Output | null);
  'traceparent': (string);
  'reads': (_muster_v1_Read__Output)[];
  'signature': (Buffer);
}
