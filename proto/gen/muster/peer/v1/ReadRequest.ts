// Generated from proto/muster/peer/v1 by npm run gen.

import type { Read as _muster_v1_Read, Read__Output as _muster_v1_Read__Output } from '../../../muster/v1/Read.ts';

export interface ReadRequest {
  'read'?: (_muster_v1_Read | null);
  'uid'?: (string);
}

export interface ReadRequest__Output {
  'read': (_muster_v1_Read__Output | null);
  'uid': (string);
}
