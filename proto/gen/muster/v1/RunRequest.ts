// Generated from proto/muster/v1 by npm run gen.

import type { RunSpec as _muster_v1_RunSpec, RunSpec__Output as _muster_v1_RunSpec__Output } from '../../muster/v1/RunSpec.ts';
import type { Target as _muster_v1_Target, Target__Output as _muster_v1_Target__Output } from '../../muster/v1/Target.ts';

export interface RunRequest {
  'spec'?: (_muster_v1_RunSpec | null);
  'target'?: (_muster_v1_Target | null);
  'id'?: (string);
  'stdin'?: (Buffer | Uint8Array | string);
  'withoutOutput'?: (boolean);
}

export interface RunRequest__Output {
  'spec': (_muster_v1_RunSpec__Output | null);
  'target': (_muster_v1_Target__Output | null);
  'id': (string);
  'stdin': (Buffer);
  'withoutOutput': (boolean);
}
