// Generated from proto/muster/store/v1 by npm run gen.

import type { Long } from '@grpc/proto-loader';

export interface JobRecord {
  'state'?: (string);
  'reason'?: (string);
  'offeredBelow'?: (number);
  'closedUnixMs'?: (number | string | Long);
  'counts'?: ({[key: string]: number});
  'cancelSignal'?: (number);
  'cancelGraceMs'?: (number | string | Long);
  '_cancelGraceMs'?: "cancelGraceMs";
}

export interface JobRecord__Output {
  'state': (string);
  'reason': (string);
  'offeredBelow': (number);
  'closedUnixMs': (number);
  'counts': ({[key: string]: number});
  'cancelSignal': (number);
  'cancelGraceMs'?: (number);
  '_cancelGraceMs'?: "cancelGraceMs";
}
