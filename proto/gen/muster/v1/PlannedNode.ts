// Generated from proto/muster/v1 by npm run gen.


export interface PlannedNode {
  'uid'?: (string);
  'name'?: (string);
  'connected'?: (boolean);
}

export interface PlannedNode__Output {
  'uid': (string);
  'name': (string);
  'connected': (boolean);
}
