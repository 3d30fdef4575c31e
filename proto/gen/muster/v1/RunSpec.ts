// Generated from proto/muster/v1 by npm run gen.

import type { Command as _muster_v1_Command, Command__Output as _muster_v1_Command__Output } from '../../muster/v1/Command.ts';
import type { Limits as _muster_v1_Limits, Limits__Output as _muster_v1_Limits__Output } from '../../muster/v1/Limits.ts';
import type { Rollout as _muster_v1_Rollout, Rollout__Output as _muster_v1_Rollout__Output } from '../../muster/v1/Rollout.ts';
import type { Long } from '@grpc/proto-loader';

export interface RunSpec {
  'command'?: (_muster_v1_Command | null);
  'limits'?: (_muster_v1_Limits | null);
  'rollout'?: (_muster_v1_Rollout | null);
  'deliverWithinMs'?: (number | string | Long);
}

export interface RunSpec__Output {
  'command': (_muster_v1_Command__Output | null);
  'limits': (_muster_v1_Limits__Output | null);
  'rollout': (_muster_v1_Rollout__Output | null);
  'deliverWithinMs': (number);
}
