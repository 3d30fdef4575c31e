// Generated from proto/muster/v1 by npm run gen.


export interface CordonRequest {
  'node'?: (string);
}

export interface CordonRequest__Output {
  'node': (string);
}
