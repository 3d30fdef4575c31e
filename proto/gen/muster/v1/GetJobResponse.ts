// Generated from proto/muster/v1 by npm run gen.

import type { Job as _muster_v1_Job, Job__Output as _muster_v1_Job__Output } from '../../muster/v1/Job.ts';

export interface GetJobResponse {
  'job'?: (_muster_v1_Job | null);
  'order'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface GetJobResponse__Output {
  'job': (_muster_v1_Job__Output | null);
  'order': (Buffer);
  'signature': (Buffer);
}
