// Generated from proto/muster/peer/v1 by npm run gen.

import type { JobOffer as _muster_peer_v1_JobOffer, JobOffer__Output as _muster_peer_v1_JobOffer__Output } from '../../../muster/peer/v1/JobOffer.ts';
import type { Long } from '@grpc/proto-loader';

export interface JobOffers {
  'job'?: (string);
  'coordinatorRevision'?: (number | string | Long);
  'offers'?: (_muster_peer_v1_JobOffer)[];
  'era'?: (number | string | Long);
}

export interface JobOffers__Output {
  'job': (string);
  'coordinatorRevision': (number);
  'offers': (_muster_peer_v1_JobOffer__Output)[];
  'era': (number);
}
