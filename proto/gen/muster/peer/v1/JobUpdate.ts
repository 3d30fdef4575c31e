// Generated from proto/muster/peer/v1 by npm run gen.

import type { ExecutionUpdate as _muster_peer_v1_ExecutionUpdate, ExecutionUpdate__Output as _muster_peer_v1_ExecutionUpdate__Output } from '../../../muster/peer/v1/ExecutionUpdate.ts';
import type { JobChange as _muster_peer_v1_JobChange, JobChange__Output as _muster_peer_v1_JobChange__Output } from '../../../muster/peer/v1/JobChange.ts';

export interface JobUpdate {
  'job'?: (string);
  'executions'?: (_muster_peer_v1_ExecutionUpdate)[];
  'change'?: (_muster_peer_v1_JobChange | null);
  'snapshotEnd'?: (boolean);
}

export interface JobUpdate__Output {
  'job': (string);
  'executions': (_muster_peer_v1_ExecutionUpdate__Output)[];
  'change': (_muster_peer_v1_JobChange__Output | null);
  'snapshotEnd': (boolean);
}
