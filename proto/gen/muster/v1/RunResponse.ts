// Generated from proto/muster/v1 by npm run gen.

import type { WatchEvent as _muster_v1_WatchEvent, WatchEvent__Output as _muster_v1_WatchEvent__Output } from '../../muster/v1/WatchEvent.ts';

export interface RunResponse {
  'event'?: (_muster_v1_WatchEvent | null);
}

export interface RunResponse__Output {
  'event': (_muster_v1_WatchEvent__Output | null);
}
