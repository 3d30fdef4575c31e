// Generated from proto/muster/v1 by npm run gen.


export interface WatchNodesRequest {
  'selector'?: (string);
}

export interface WatchNodesRequest__Output {
  'selector': (string);
}
