// Generated from proto/muster/v1 by npm run gen.


export interface Reconnect {
  'reason'?: (string);
  'afterMs'?: (number);
}

export interface Reconnect__Output {
  'reason': (string);
  'afterMs': (number);
}
