// Generated from proto/muster/v1 by npm run gen.


export interface Amount {
  'count'?: (number);
  'percent'?: (number);
  'amount'?: "count"|"percent";
}

export interface Amount__Output {
  'count'?: (number);
  'percent'?: (number);
  'amount'?: "count"|"percent";
}
