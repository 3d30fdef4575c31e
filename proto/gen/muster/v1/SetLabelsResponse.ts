// Generated from proto/muster/v1 by npm run gen.

import type { Node as _muster_v1_Node, Node__Output as _muster_v1_Node__Output } from '../../muster/v1/Node.ts';

export interface SetLabelsResponse {
  'node'?: (_muster_v1_Node | null);
}

export interface SetLabelsResponse__Output {
  'node': (_muster_v1_Node__Output | null);
}
