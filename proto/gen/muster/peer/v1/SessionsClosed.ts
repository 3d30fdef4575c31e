// Generated from proto/muster/peer/v1 by npm run gen.

import type { ClosedSession as _muster_peer_v1_ClosedSession, ClosedSession__Output as _muster_peer_v1_ClosedSession__Output } from '../../../muster/peer/v1/ClosedSession.ts';

export interface SessionsClosed {
  'sessions'?: (_muster_peer_v1_ClosedSession)[];
}

export interface SessionsClosed__Output {
  'sessions': (_muster_peer_v1_ClosedSession__Output)[];
}
