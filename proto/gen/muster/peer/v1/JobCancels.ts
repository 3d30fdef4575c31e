// Generated from proto/muster/peer/v1 by npm run gen.

import type { Cancel as _muster_v1_Cancel, Cancel__Output as _muster_v1_Cancel__Output } from '../../../muster/v1/Cancel.ts';
import type { Long } from '@grpc/proto-loader';

export interface JobCancels {
  'job'?: (string);
  'coordinatorRevision'?: (number | string | Long);
  'cancels'?: (_muster_v1_Cancel)[];
  'era'?: (number | string | Long);
}

export interface JobCancels__Output {
  'job': (string);
  'coordinatorRevision': (number);
  'cancels': (_muster_v1_Cancel__Output)[];
  'era': (number);
}
