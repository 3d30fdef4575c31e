// Generated from proto/muster/v1 by npm run gen.

import type { Job as _muster_v1_Job, Job__Output as _muster_v1_Job__Output } from '../../muster/v1/Job.ts';
import type { ExecutionBatch as _muster_v1_ExecutionBatch, ExecutionBatch__Output as _muster_v1_ExecutionBatch__Output } from '../../muster/v1/ExecutionBatch.ts';
import type { OutputChunk as _muster_v1_OutputChunk, OutputChunk__Output as _muster_v1_OutputChunk__Output } from '../../muster/v1/OutputChunk.ts';
import type { SnapshotEnd as _muster_v1_SnapshotEnd, SnapshotEnd__Output as _muster_v1_SnapshotEnd__Output } from '../../muster/v1/SnapshotEnd.ts';

export interface WatchEvent {
  'job'?: (_muster_v1_Job | null);
  'executions'?: (_muster_v1_ExecutionBatch | null);
  'output'?: (_muster_v1_OutputChunk | null);
  'snapshotEnd'?: (_muster_v1_SnapshotEnd | null);
  'event'?: "job"|"executions"|"output"|"snapshotEnd";
}

export interface WatchEvent__Output {
  'job'?: (_muster_v1_Job__Output | null);
  'executions'?: (_muster_v1_ExecutionBatch__Output | null);
  'output'?: (_muster_v1_OutputChunk__Output | null);
  'snapshotEnd'?: (_muster_v1_SnapshotEnd__Output | null);
  'event'?: "job"|"executions"|"output"|"snapshotEnd";
}
