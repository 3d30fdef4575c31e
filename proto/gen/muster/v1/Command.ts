// Generated from proto/muster/v1 by npm run gen.

import type { Containment as _muster_v1_Containment, Containment__Output as _muster_v1_Containment__Output } from '../../muster/v1/Containment.ts';

export interface Command {
  'argv'?: (string)[];
  'shell'?: (boolean);
  'env'?: ({[key: string]: string});
  'workingDirectory'?: (string);
  'runAs'?: (string);
  'containment'?: (_muster_v1_Containment);
  'trustFile'?: (string);
}

export interface Command__Output {
  'argv': (string)[];
  'shell': (boolean);
  'env': ({[key: string]: string});
  'workingDirectory': (string);
  'runAs': (string);
  'containment': (_muster_v1_Containment__Output);
  'trustFile': (string);
}
