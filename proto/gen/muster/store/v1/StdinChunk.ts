// Generated from proto/muster/store/v1 by npm run gen.


export interface StdinChunk {
  'data'?: (Buffer | Uint8Array | string);
}

export interface StdinChunk__Output {
  'data': (Buffer);
}
