// Generated from proto/muster/v1 by npm run gen.


export interface ListExecutionsRequest {
  'jobId'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListExecutionsRequest__Output {
  'jobId': (string);
  'pageSize': (number);
  'pageToken': (string);
}
