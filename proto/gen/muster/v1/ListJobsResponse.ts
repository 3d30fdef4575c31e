// Generated from proto/muster/v1 by npm run gen.

import type { Job as _muster_v1_Job, Job__Output as _muster_v1_Job__Output } from '../../muster/v1/Job.ts';

export interface ListJobsResponse {
  'jobs'?: (_muster_v1_Job)[];
  'nextPageToken'?: (string);
}

export interface ListJobsResponse__Output {
  'jobs': (_muster_v1_Job__Output)[];
  'nextPageToken': (string);
}
