// Generated from proto/muster/peer/v1 by npm run gen.


export interface PeerHello {
  'replica'?: (string);
  'incarnation'?: (string);
  'version'?: (string);
}

export interface PeerHello__Output {
  'replica': (string);
  'incarnation': (string);
  'version': (string);
}
