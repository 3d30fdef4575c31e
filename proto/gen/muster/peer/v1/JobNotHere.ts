// Generated from proto/muster/peer/v1 by npm run gen.


export interface JobNotHere {
  'job'?: (string);
}

export interface JobNotHere__Output {
  'job': (string);
}
