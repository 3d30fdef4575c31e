// Generated from proto/muster/peer/v1 by npm run gen.

import type { Epoch as _muster_v1_Epoch, Epoch__Output as _muster_v1_Epoch__Output } from '../../../muster/v1/Epoch.ts';
import type { KnownExecution as _muster_v1_KnownExecution, KnownExecution__Output as _muster_v1_KnownExecution__Output } from '../../../muster/v1/KnownExecution.ts';

export interface OpenedSession {
  'uid'?: (string);
  'epoch'?: (_muster_v1_Epoch | null);
  'executions'?: (_muster_v1_KnownExecution)[];
}

export interface OpenedSession__Output {
  'uid': (string);
  'epoch': (_muster_v1_Epoch__Output | null);
  'executions': (_muster_v1_KnownExecution__Output)[];
}
