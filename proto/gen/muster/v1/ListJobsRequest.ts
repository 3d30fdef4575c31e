// Generated from proto/muster/v1 by npm run gen.


export interface ListJobsRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
  'openOnly'?: (boolean);
}

export interface ListJobsRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
  'openOnly': (boolean);
}
