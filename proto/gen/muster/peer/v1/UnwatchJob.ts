// Generated from proto/muster/peer/v1 by npm run gen.


export interface UnwatchJob {
  'job'?: (string);
}

export interface UnwatchJob__Output {
  'job': (string);
}
