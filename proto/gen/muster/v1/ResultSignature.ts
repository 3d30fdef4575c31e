// Generated from proto/muster/v1 by npm run gen.


export interface ResultSignature {
  'publicKey'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface ResultSignature__Output {
  'publicKey': (Buffer);
  'signature': (Buffer);
}
