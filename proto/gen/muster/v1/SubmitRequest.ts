// Generated from proto/muster/v1 by npm run gen.


export interface SubmitRequest {
  'order'?: (Buffer | Uint8Array | string);
  'targets'?: (string)[];
  'signature'?: (Buffer | Uint8Array | string);
  'stdin'?: (Buffer | Uint8Array | string);
  'traceparent'?: (string);
}

export interface SubmitRequest__Output {
  'order': (Buffer);
  'targets': (string)[];
  'signature': (Buffer);
  'stdin': (Buffer);
  'traceparent': (string);
}
