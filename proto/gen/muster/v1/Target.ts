// Generated from proto/muster/v1 by npm run gen.


export interface Target {
  'selector'?: (string);
  'nodes'?: (string)[];
}

export interface Target__Output {
  'selector': (string);
  'nodes': (string)[];
}
