// Generated from proto/muster/v1 by npm run gen.

import type { JobState as _muster_v1_JobState, JobState__Output as _muster_v1_JobState__Output } from '../../muster/v1/JobState.ts';
import type { Order as _muster_v1_Order, Order__Output as _muster_v1_Order__Output } from '../../muster/v1/Order.ts';
import type { JobCounts as _muster_v1_JobCounts, JobCounts__Output as _muster_v1_JobCounts__Output } from '../../muster/v1/JobCounts.ts';
import type { Long } from '@grpc/proto-loader';

export interface Job {
  'id'?: (string);
  'state'?: (_muster_v1_JobState);
  'closingReason'?: (string);
  'order'?: (_muster_v1_Order | null);
  'counts'?: (_muster_v1_JobCounts | null);
  'submittedUnixMs'?: (number | string | Long);
  'closedUnixMs'?: (number | string | Long);
  'deadlineUnixMs'?: (number | string | Long);
  'coordinator'?: (string);
}

export interface Job__Output {
  'id': (string);
  'state': (_muster_v1_JobState__Output);
  'closingReason': (string);
  'order': (_muster_v1_Order__Output | null);
  'counts': (_muster_v1_JobCounts__Output | null);
  'submittedUnixMs': (number);
  'closedUnixMs': (number);
  'deadlineUnixMs': (number);
  'coordinator': (string);
}
