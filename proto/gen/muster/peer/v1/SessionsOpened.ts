// Generated from proto/muster/peer/v1 by npm run gen.

import type { OpenedSession as _muster_peer_v1_OpenedSession, OpenedSession__Output as _muster_peer_v1_OpenedSession__Output } from '../../../muster/peer/v1/OpenedSession.ts';

export interface SessionsOpened {
  'sessions'?: (_muster_peer_v1_OpenedSession)[];
  'snapshotEnd'?: (boolean);
}

export interface SessionsOpened__Output {
  'sessions': (_muster_peer_v1_OpenedSession__Output)[];
  'snapshotEnd': (boolean);
}
