// Generated from proto/muster/v1 by npm run gen.


export interface KeySignature {
  'keyId'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface KeySignature__Output {
  'keyId': (Buffer);
  'signature': (Buffer);
}
