// Generated from proto/muster/peer/v1 by npm run gen.

import type { InclusionProof as _muster_v1_InclusionProof, InclusionProof__Output as _muster_v1_InclusionProof__Output } from '../../../muster/v1/InclusionProof.ts';

export interface JobOffer {
  'execution'?: (string);
  'proof'?: (_muster_v1_InclusionProof | null);
  'traceparent'?: (string);
}

export interface JobOffer__Output {
  'execution': (string);
  'proof': (_muster_v1_InclusionProof__Output | null);
  'traceparent': (string);
}
