// Generated from proto/muster/v1 by npm run gen.


export interface RemoveNodeRequest {
  'node'?: (string);
}

export interface RemoveNodeRequest__Output {
  'node': (string);
}
