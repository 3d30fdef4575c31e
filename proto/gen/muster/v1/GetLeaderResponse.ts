// Generated from proto/muster/v1 by npm run gen.


export interface GetLeaderResponse {
  'replica'?: (string);
}

export interface GetLeaderResponse__Output {
  'replica': (string);
}
