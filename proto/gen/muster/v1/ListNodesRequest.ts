// Generated from proto/muster/v1 by npm run gen.


export interface ListNodesRequest {
  'selector'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListNodesRequest__Output {
  'selector': (string);
  'pageSize': (number);
  'pageToken': (string);
}
