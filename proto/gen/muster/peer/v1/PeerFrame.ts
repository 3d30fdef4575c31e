// Generated from proto/muster/peer/v1 by npm run gen.

import type { PeerHello as _muster_peer_v1_PeerHello, PeerHello__Output as _muster_peer_v1_PeerHello__Output } from '../../../muster/peer/v1/PeerHello.ts';
import type { PeerStatus as _muster_peer_v1_PeerStatus, PeerStatus__Output as _muster_peer_v1_PeerStatus__Output } from '../../../muster/peer/v1/PeerStatus.ts';
import type { SessionsOpened as _muster_peer_v1_SessionsOpened, SessionsOpened__Output as _muster_peer_v1_SessionsOpened__Output } from '../../../muster/peer/v1/SessionsOpened.ts';
import type { SessionsClosed as _muster_peer_v1_SessionsClosed, SessionsClosed__Output as _muster_peer_v1_SessionsClosed__Output } from '../../../muster/peer/v1/SessionsClosed.ts';
import type { JobOpen as _muster_peer_v1_JobOpen, JobOpen__Output as _muster_peer_v1_JobOpen__Output } from '../../../muster/peer/v1/JobOpen.ts';
import type { JobOpened as _muster_peer_v1_JobOpened, JobOpened__Output as _muster_peer_v1_JobOpened__Output } from '../../../muster/peer/v1/JobOpened.ts';
import type { JobOffers as _muster_peer_v1_JobOffers, JobOffers__Output as _muster_peer_v1_JobOffers__Output } from '../../../muster/peer/v1/JobOffers.ts';
import type { JobCancels as _muster_peer_v1_JobCancels, JobCancels__Output as _muster_peer_v1_JobCancels__Output } from '../../../muster/peer/v1/JobCancels.ts';
import type { JobReleases as _muster_peer_v1_JobReleases, JobReleases__Output as _muster_peer_v1_JobReleases__Output } from '../../../muster/peer/v1/JobReleases.ts';
import type { JobEnd as _muster_peer_v1_JobEnd, JobEnd__Output as _muster_peer_v1_JobEnd__Output } from '../../../muster/peer/v1/JobEnd.ts';
import type { JobEvents as _muster_peer_v1_JobEvents, JobEvents__Output as _muster_peer_v1_JobEvents__Output } from '../../../muster/peer/v1/JobEvents.ts';
import type { StaleCoordinator as _muster_peer_v1_StaleCoordinator, StaleCoordinator__Output as _muster_peer_v1_StaleCoordinator__Output } from '../../../muster/peer/v1/StaleCoordinator.ts';
import type { WatchJob as _muster_peer_v1_WatchJob, WatchJob__Output as _muster_peer_v1_WatchJob__Output } from '../../../muster/peer/v1/WatchJob.ts';
import type { UnwatchJob as _muster_peer_v1_UnwatchJob, UnwatchJob__Output as _muster_peer_v1_UnwatchJob__Output } from '../../../muster/peer/v1/UnwatchJob.ts';
import type { JobUpdate as _muster_peer_v1_JobUpdate, JobUpdate__Output as _muster_peer_v1_JobUpdate__Output } from '../../../muster/peer/v1/JobUpdate.ts';
import type { JobNotHere as _muster_peer_v1_JobNotHere, JobNotHere__Output as _muster_peer_v1_JobNotHere__Output } from '../../../muster/peer/v1/JobNotHere.ts';
import type { CancelJob as _muster_peer_v1_CancelJob, CancelJob__Output as _muster_peer_v1_CancelJob__Output } from '../../../muster/peer/v1/CancelJob.ts';
import type { CancelJobAnswer as _muster_peer_v1_CancelJobAnswer, CancelJobAnswer__Output as _muster_peer_v1_CancelJobAnswer__Output } from '../../../muster/peer/v1/CancelJobAnswer.ts';
import type { ShedSessions as _muster_peer_v1_ShedSessions, ShedSessions__Output as _muster_peer_v1_ShedSessions__Output } from '../../../muster/peer/v1/ShedSessions.ts';

export interface PeerFrame {
  'hello'?: (_muster_peer_v1_PeerHello | null);
  'status'?: (_muster_peer_v1_PeerStatus | null);
  'sessionsOpened'?: (_muster_peer_v1_SessionsOpened | null);
  'sessionsClosed'?: (_muster_peer_v1_SessionsClosed | null);
  'jobOpen'?: (_muster_peer_v1_JobOpen | null);
  'jobOpened'?: (_muster_peer_v1_JobOpened | null);
  'offers'?: (_muster_peer_v1_JobOffers | null);
  'cancels'?: (_muster_peer_v1_JobCancels | null);
  'releases'?: (_muster_peer_v1_JobReleases | null);
  'jobEnd'?: (_muster_peer_v1_JobEnd | null);
  'events'?: (_muster_peer_v1_JobEvents | null);
  'stale'?: (_muster_peer_v1_StaleCoordinator | null);
  'watchJob'?: (_muster_peer_v1_WatchJob | null);
  'unwatchJob'?: (_muster_peer_v1_UnwatchJob | null);
  'jobUpdate'?: (_muster_peer_v1_JobUpdate | null);
  'jobNotHere'?: (_muster_peer_v1_JobNotHere | null);
  'cancelJob'?: (_muster_peer_v1_CancelJob | null);
  'cancelJobAnswer'?: (_muster_peer_v1_CancelJobAnswer | null);
  'shed'?: (_muster_peer_v1_ShedSessions | null);
  'frame'?: "hello"|"status"|"sessionsOpened"|"sessionsClosed"|"jobOpen"|"jobOpened"|"offers"|"cancels"|"releases"|"jobEnd"|"events"|"stale"|"watchJob"|"unwatchJob"|"jobUpdate"|"jobNotHere"|"cancelJob"|"cancelJobAnswer"|"shed";
}

export interface PeerFrame__Output {
  'hello'?: (_muster_peer_v1_PeerHello__Output | null);
  'status'?: (_muster_peer_v1_PeerStatus__Output | null);
  'sessionsOpened'?: (_muster_peer_v1_SessionsOpened__Output | null);
  'sessionsClosed'?: (_muster_peer_v1_SessionsClosed__Output | null);
  'jobOpen'?: (_muster_peer_v1_JobOpen__Output | null);
  'jobOpened'?: (_muster_peer_v1_JobOpened__Output | null);
  'offers'?: (_muster_peer_v1_JobOffers__Output | null);
  'cancels'?: (_muster_peer_v1_JobCancels__Output | null);
  'releases'?: (_muster_peer_v1_JobReleases__Output | null);
  'jobEnd'?: (_muster_peer_v1_JobEnd__Output | null);
  'events'?: (_muster_peer_v1_JobEvents__Output | null);
  'stale'?: (_muster_peer_v1_StaleCoordinator__Output | null);
  'watchJob'?: (_muster_peer_v1_WatchJob__Output | null);
  'unwatchJob'?: (_muster_peer_v1_UnwatchJob__Output | null);
  'jobUpdate'?: (_muster_peer_v1_JobUpdate__Output | null);
  'jobNotHere'?: (_muster_peer_v1_JobNotHere__Output | null);
  'cancelJob'?: (_muster_peer_v1_CancelJob__Output | null);
  'cancelJobAnswer'?: (_muster_peer_v1_CancelJobAnswer__Output | null);
  'shed'?: (_muster_peer_v1_ShedSessions__Output | null);
  'frame'?: "hello"|"status"|"sessionsOpened"|"sessionsClosed"|"jobOpen"|"jobOpened"|"offers"|"cancels"|"releases"|"jobEnd"|"events"|"stale"|"watchJob"|"unwatchJob"|"jobUpdate"|"jobNotHere"|"cancelJob"|"cancelJobAnswer"|"shed";
}
