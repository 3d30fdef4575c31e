// Generated from proto/muster/v1 by npm run gen.


export interface Heartbeat {
  'loadPercent'?: (number);
  'running'?: (number);
}

export interface Heartbeat__Output {
  'loadPercent': (number);
  'running': (number);
}
