// Generated from proto/muster/v1 by npm run gen.


export interface SetLabelsRequest {
  'node'?: (string);
  'set'?: ({[key: string]: string});
  'remove'?: (string)[];
}

export interface SetLabelsRequest__Output {
  'node': (string);
  'set': ({[key: string]: string});
  'remove': (string)[];
}
