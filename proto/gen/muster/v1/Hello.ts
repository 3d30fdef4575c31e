// Generated from proto/muster/v1 by npm run gen.

import type { Epoch as _muster_v1_Epoch, Epoch__Output as _muster_v1_Epoch__Output } from '../../muster/v1/Epoch.ts';
import type { KnownExecution as _muster_v1_KnownExecution, KnownExecution__Output as _muster_v1_KnownExecution__Output } from '../../muster/v1/KnownExecution.ts';

export interface Hello {
  'name'?: (string);
  'uid'?: (string);
  'bootId'?: (string);
  'version'?: (string);
  'highestEpoch'?: (_muster_v1_Epoch | null);
  'labels'?: ({[key: string]: string});
  'facts'?: ({[key: string]: string});
  'capabilities'?: (string)[];
  'executions'?: (_muster_v1_KnownExecution)[];
  'last'?: (boolean);
}

export interface Hello__Output {
  'name': (string);
  'uid': (string);
  'bootId': (string);
  'version': (string);
  'highestEpoch': (_muster_v1_Epoch__Output | null);
  'labels': ({[key: string]: string});
  'facts': ({[key: string]: string});
  'capabilities': (string)[];
  'executions': (_muster_v1_KnownExecution__Output)[];
  'last': (boolean);
}
