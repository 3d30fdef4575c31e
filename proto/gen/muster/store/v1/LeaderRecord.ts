// Generated from proto/muster/store/v1 by npm run gen.


export interface LeaderRecord {
  'replica'?: (string);
  'incarnation'?: (string);
}

export interface LeaderRecord__Output {
  'replica': (string);
  'incarnation': (string);
}
