// Generated from proto/muster/v1 by npm run gen.

import type { SentSignal as _muster_v1_SentSignal, SentSignal__Output as _muster_v1_SentSignal__Output } from '../../muster/v1/SentSignal.ts';
import type { LeftProcess as _muster_v1_LeftProcess, LeftProcess__Output as _muster_v1_LeftProcess__Output } from '../../muster/v1/LeftProcess.ts';
import type { Long } from '@grpc/proto-loader';

export interface EndReceipt {
  'cause'?: (string);
  'signals'?: (_muster_v1_SentSignal)[];
  'timeToExitMs'?: (number | string | Long);
  'processesLeft'?: (_muster_v1_LeftProcess)[];
  'complete'?: (boolean);
}

export interface EndReceipt__Output {
  'cause': (string);
  'signals': (_muster_v1_SentSignal__Output)[];
  'timeToExitMs': (number);
  'processesLeft': (_muster_v1_LeftProcess__Output)[];
  'complete': (boolean);
}
