// Generated from proto/muster/peer/v1 by npm run gen.

import type { Output as _muster_v1_Output, Output__Output as _muster_v1_Output__Output } from '../../../muster/v1/Output.ts';

export interface ReadResponse {
  'output'?: (_muster_v1_Output | null);
}

export interface ReadResponse__Output {
  'output': (_muster_v1_Output__Output | null);
}
