// Generated from proto/muster/store/v1 by npm run gen.


export interface CoordinatorRecord {
  'replica'?: (string);
  'claim'?: (string);
}

export interface CoordinatorRecord__Output {
  'replica': (string);
  'claim': (string);
}
