// Generated from proto/muster/store/v1 by npm run gen.


export interface TargetChunk {
  'uids'?: (string)[];
  'names'?: (string)[];
}

export interface TargetChunk__Output {
  'uids': (string)[];
  'names': (string)[];
}
