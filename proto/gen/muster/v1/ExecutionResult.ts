// Generated from proto/muster/v1 by npm run gen.

import type { ExecutionState as _muster_v1_ExecutionState, ExecutionState__Output as _muster_v1_ExecutionState__Output } from '../../muster/v1/ExecutionState.ts';
import type { OutputSummary as _muster_v1_OutputSummary, OutputSummary__Output as _muster_v1_OutputSummary__Output } from '../../muster/v1/OutputSummary.ts';
import type { EndReceipt as _muster_v1_EndReceipt, EndReceipt__Output as _muster_v1_EndReceipt__Output } from '../../muster/v1/EndReceipt.ts';
import type { Containment as _muster_v1_Containment, Containment__Output as _muster_v1_Containment__Output } from '../../muster/v1/Containment.ts';
import type { ResultSignature as _muster_v1_ResultSignature, ResultSignature__Output as _muster_v1_ResultSignature__Output } from '../../muster/v1/ResultSignature.ts';
import type { Long } from '@grpc/proto-loader';

export interface ExecutionResult {
  'state'?: (_muster_v1_ExecutionState);
  'reason'?: (string);
  'message'?: (string);
  'exitCode'?: (number);
  'signal'?: (number);
  'signalInferred'?: (boolean);
  'acceptedUnixMs'?: (number | string | Long);
  'startedUnixMs'?: (number | string | Long);
  'finishedUnixMs'?: (number | string | Long);
  'durationMs'?: (number | string | Long);
  'overrunMs'?: (number | string | Long);
  'stdout'?: (_muster_v1_OutputSummary | null);
  'stderr'?: (_muster_v1_OutputSummary | null);
  'stderrTail'?: (Buffer | Uint8Array | string);
  'receipt'?: (_muster_v1_EndReceipt | null);
  'containment'?: (_muster_v1_Containment);
  'cpuMs'?: (number | string | Long);
  'memoryPeakBytes'?: (number | string | Long);
  'signature'?: (_muster_v1_ResultSignature | null);
  '_exitCode'?: "exitCode";
  '_signal'?: "signal";
}

export interface ExecutionResult__Output {
  'state': (_muster_v1_ExecutionState__Output);
  'reason': (string);
  'message': (string);
  'exitCode'?: (number);
  'signal'?: (number);
  'signalInferred': (boolean);
  'acceptedUnixMs': (number);
  'startedUnixMs': (number);
  'finishedUnixMs': (number);
  'durationMs': (number);
  'overrunMs': (number);
  'stdout': (_muster_v1_OutputSummary__Output | null);
  'stderr': (_muster_v1_OutputSummary__Output | null);
  'stderrTail': (Buffer);
  'receipt': (_muster_v1_EndReceipt__Output | null);
  'containment': (_muster_v1_Containment__Output);
  'cpuMs': (number);
  'memoryPeakBytes': (number);
  'signature': (_muster_v1_ResultSignature__Output | null);
  '_exitCode'?: "exitCode";
  '_signal'?: "signal";
}
