// Generated from proto/muster/v1 by npm run gen.


export interface Release {
  'executions'?: (string)[];
  'unknownJob'?: (boolean);
}

export interface Release__Output {
  'executions': (string)[];
  'unknownJob': (boolean);
}
