// Generated from proto/muster/v1 by npm run gen.


export interface UncordonRequest {
  'node'?: (string);
}

export interface UncordonRequest__Output {
  'node': (string);
}
