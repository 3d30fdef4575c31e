// Generated from proto/muster/v1 by npm run gen.

import type { Epoch as _muster_v1_Epoch, Epoch__Output as _muster_v1_Epoch__Output } from '../../muster/v1/Epoch.ts';
import type { Long } from '@grpc/proto-loader';

export interface Welcome {
  'epoch'?: (_muster_v1_Epoch | null);
  'heartbeatIntervalMs'?: (number);
  'replicaTimeUnixMs'?: (number | string | Long);
  'replica'?: (string);
}

export interface Welcome__Output {
  'epoch': (_muster_v1_Epoch__Output | null);
  'heartbeatIntervalMs': (number);
  'replicaTimeUnixMs': (number);
  'replica': (string);
}
