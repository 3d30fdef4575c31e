// Generated from proto/muster/v1 by npm run gen.


export interface JobCounts {
  'total'?: (number);
  'pending'?: (number);
  'dispatched'?: (number);
  'running'?: (number);
  'succeeded'?: (number);
  'failed'?: (number);
  'timedOut'?: (number);
  'cancelled'?: (number);
  'interrupted'?: (number);
  'expired'?: (number);
  'rejected'?: (number);
  'skipped'?: (number);
  'undetermined'?: (number);
}

export interface JobCounts__Output {
  'total': (number);
  'pending': (number);
  'dispatched': (number);
  'running': (number);
  'succeeded': (number);
  'failed': (number);
  'timedOut': (number);
  'cancelled': (number);
  'interrupted': (number);
  'expired': (number);
  'rejected': (number);
  'skipped': (number);
  'undetermined': (number);
}
