// Generated from proto/muster/peer/v1 by npm run gen.

import type { PeerFrame as _muster_peer_v1_PeerFrame, PeerFrame__Output as _muster_peer_v1_PeerFrame__Output } from '../../../muster/peer/v1/PeerFrame.ts';

export interface ControlRequest {
  'frame'?: (_muster_peer_v1_PeerFrame | null);
}

export interface ControlRequest__Output {
  'frame': (_muster_peer_v1_PeerFrame__Output | null);
}
