// Generated from proto/muster/v1 by npm run gen.


export interface GetNodeRequest {
  'node'?: (string);
}

export interface GetNodeRequest__Output {
  'node': (string);
}
