// Generated from proto/muster/v1 by npm run gen.

import type { OutputChunk as _muster_v1_OutputChunk, OutputChunk__Output as _muster_v1_OutputChunk__Output } from '../../muster/v1/OutputChunk.ts';

export interface ReadOutputResponse {
  'chunk'?: (_muster_v1_OutputChunk | null);
}

export interface ReadOutputResponse__Output {
  'chunk': (_muster_v1_OutputChunk__Output | null);
}
