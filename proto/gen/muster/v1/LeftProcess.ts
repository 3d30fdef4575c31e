// Generated from proto/muster/v1 by npm run gen.


export interface LeftProcess {
  'pid'?: (number);
  'name'?: (string);
}

export interface LeftProcess__Output {
  'pid': (number);
  'name': (string);
}
