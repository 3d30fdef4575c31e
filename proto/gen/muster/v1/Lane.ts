// Generated from proto/muster/v1 by npm run gen.


export interface Lane {
  'name'?: (string);
  'concurrency'?: (number);
}

export interface Lane__Output {
  'name': (string);
  'concurrency': (number);
}
