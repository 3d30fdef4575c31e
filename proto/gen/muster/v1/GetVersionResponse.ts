// Generated from proto/muster/v1 by npm run gen.


export interface GetVersionResponse {
  'version'?: (string);
  'protocol'?: (number);
  'replica'?: (string);
  'store'?: (string);
}

export interface GetVersionResponse__Output {
  'version': (string);
  'protocol': (number);
  'replica': (string);
  'store': (string);
}
