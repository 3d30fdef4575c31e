// Generated from proto/muster/v1 by npm run gen.

import type { Command as _muster_v1_Command, Command__Output as _muster_v1_Command__Output } from '../../muster/v1/Command.ts';
import type { Limits as _muster_v1_Limits, Limits__Output as _muster_v1_Limits__Output } from '../../muster/v1/Limits.ts';
import type { Rollout as _muster_v1_Rollout, Rollout__Output as _muster_v1_Rollout__Output } from '../../muster/v1/Rollout.ts';
import type { Retries as _muster_v1_Retries, Retries__Output as _muster_v1_Retries__Output } from '../../muster/v1/Retries.ts';
import type { Lane as _muster_v1_Lane, Lane__Output as _muster_v1_Lane__Output } from '../../muster/v1/Lane.ts';
import type { Long } from '@grpc/proto-loader';

export interface Order {
  'id'?: (string);
  'command'?: (_muster_v1_Command | null);
  'planRoot'?: (Buffer | Uint8Array | string);
  'planCount'?: (number);
  'selector'?: (string);
  'stdinDigest'?: (Buffer | Uint8Array | string);
  'stdinBytes'?: (number | string | Long);
  'limits'?: (_muster_v1_Limits | null);
  'rollout'?: (_muster_v1_Rollout | null);
  'retries'?: (_muster_v1_Retries | null);
  'notBeforeUnixMs'?: (number | string | Long);
  'expiresUnixMs'?: (number | string | Long);
  'deliveryDeadlineUnixMs'?: (number | string | Long);
  'jobDeadlineUnixMs'?: (number | string | Long);
  'createdUnixMs'?: (number | string | Long);
  'latestKey'?: (string);
  'lane'?: (_muster_v1_Lane | null);
}

export interface Order__Output {
  'id': (string);
  'command': (_muster_v1_Command__Output | null);
  'planRoot': (Buffer);
  'planCount': (number);
  'selector': (string);
  'stdinDigest': (Buffer);
  'stdinBytes': (number);
  'limits': (_muster_v1_Limits__Output | null);
  'rollout': (_muster_v1_Rollout__Output | null);
  'retries': (_muster_v1_Retries__Output | null);
  'notBeforeUnixMs': (number);
  'expiresUnixMs': (number);
  'deliveryDeadlineUnixMs': (number);
  'jobDeadlineUnixMs': (number);
  'createdUnixMs': (number);
  'latestKey': (string);
  'lane': (_muster_v1_Lane__Output | null);
}
