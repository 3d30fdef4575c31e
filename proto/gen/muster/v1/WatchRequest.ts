// Generated from proto/muster/v1 by npm run gen.

import type { ResumePoint as _muster_v1_ResumePoint, ResumePoint__Output as _muster_v1_ResumePoint__Output } from '../../muster/v1/ResumePoint.ts';

export interface WatchRequest {
  'jobId'?: (string);
  'withoutOutput'?: (boolean);
  'resume'?: (_muster_v1_ResumePoint)[];
}

export interface WatchRequest__Output {
  'jobId': (string);
  'withoutOutput': (boolean);
  'resume': (_muster_v1_ResumePoint__Output)[];
}
