// Generated from proto/muster/v1 by npm run gen.

import type { KeySignature as _muster_v1_KeySignature, KeySignature__Output as _muster_v1_KeySignature__Output } from '../../muster/v1/KeySignature.ts';

export interface OrderSignature {
  'payloadType'?: (string);
  'signatures'?: (_muster_v1_KeySignature)[];
}

export interface OrderSignature__Output {
  'payloadType': (string);
  'signatures': (_muster_v1_KeySignature__Output)[];
}
