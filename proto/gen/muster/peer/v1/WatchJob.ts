// Generated from proto/muster/peer/v1 by npm run gen.


export interface WatchJob {
  'job'?: (string);
}

export interface WatchJob__Output {
  'job': (string);
}
