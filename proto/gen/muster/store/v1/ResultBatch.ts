// Generated from proto/muster/store/v1 by npm run gen.

import type { StoredResult as _muster_store_v1_StoredResult, StoredResult__Output as _muster_store_v1_StoredResult__Output } from '../../../muster/store/v1/StoredResult.ts';

export interface ResultBatch {
  'results'?: (_muster_store_v1_StoredResult)[];
}

export interface ResultBatch__Output {
  'results': (_muster_store_v1_StoredResult__Output)[];
}
