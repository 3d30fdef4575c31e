// Generated from proto/muster/v1 by npm run gen.


export interface Retries {
  'maxAttempts'?: (number);
}

export interface Retries__Output {
  'maxAttempts': (number);
}
