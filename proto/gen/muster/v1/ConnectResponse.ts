// Generated from proto/muster/v1 by npm run gen.

import type { Welcome as _muster_v1_Welcome, Welcome__Output as _muster_v1_Welcome__Output } from '../../muster/v1/Welcome.ts';
import type { Start as _muster_v1_Start, Start__Output as _muster_v1_Start__Output } from '../../muster/v1/Start.ts';
import type { Cancel as _muster_v1_Cancel, Cancel__Output as _muster_v1_Cancel__Output } from '../../muster/v1/Cancel.ts';
import type { Read as _muster_v1_Read, Read__Output as _muster_v1_Read__Output } from '../../muster/v1/Read.ts';
import type { Input as _muster_v1_Input, Input__Output as _muster_v1_Input__Output } from '../../muster/v1/Input.ts';
import type { Release as _muster_v1_Release, Release__Output as _muster_v1_Release__Output } from '../../muster/v1/Release.ts';
import type { Reconnect as _muster_v1_Reconnect, Reconnect__Output as _muster_v1_Reconnect__Output } from '../../muster/v1/Reconnect.ts';

export interface ConnectResponse {
  'welcome'?: (_muster_v1_Welcome | null);
  'start'?: (_muster_v1_Start | null);
  'cancel'?: (_muster_v1_Cancel | null);
  'read'?: (_muster_v1_Read | null);
  'input'?: (_muster_v1_Input | null);
  'release'?: (_muster_v1_Release | null);
  'reconnect'?: (_muster_v1_Reconnect | null);
  'frame'?: "welcome"|"start"|"cancel"|"read"|"input"|"release"|"reconnect";
}

export interface ConnectResponse__Output {
  'welcome'?: (_muster_v1_Welcome__Output | null);
  'start'?: (_muster_v1_Start__Output | null);
  'cancel'?: (_muster_v1_Cancel__Output | null);
  'read'?: (_muster_v1_Read__Output | null);
  'input'?: (_muster_v1_Input__Output | null);
  'release'?: (_muster_v1_Release__Output | null);
  'reconnect'?: (_muster_v1_Reconnect__Output | null);
  'frame'?: "welcome"|"start"|"cancel"|"read"|"input"|"release"|"reconnect";
}
