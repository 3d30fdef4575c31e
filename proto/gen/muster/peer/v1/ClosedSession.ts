// Generated from proto/muster/peer/v1 by npm run gen.

import type { Epoch as _muster_v1_Epoch, Epoch__Output as _muster_v1_Epoch__Output } from '../../../muster/v1/Epoch.ts';

export interface ClosedSession {
  'uid'?: (string);
  'epoch'?: (_muster_v1_Epoch | null);
}

export interface ClosedSession__Output {
  'uid': (string);
  'epoch': (_muster_v1_Epoch__Output | null);
}
