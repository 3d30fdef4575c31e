// Generated from proto/muster/v1 by npm run gen.

export const JobState = {
  JOB_STATE_UNSPECIFIED: 'JOB_STATE_UNSPECIFIED',
  JOB_STATE_OPEN: 'JOB_STATE_OPEN',
  JOB_STATE_CANCELLING: 'JOB_STATE_CANCELLING',
  JOB_STATE_STOPPING: 'JOB_STATE_STOPPING',
  JOB_STATE_CLOSED: 'JOB_STATE_CLOSED',
} as const;

export type JobState =
  | 'JOB_STATE_UNSPECIFIED'
  | 0
  | 'JOB_STATE_OPEN'
  | 1
  | 'JOB_STATE_CANCELLING'
  | 2
  | 'JOB_STATE_STOPPING'
  | 3
  | 'JOB_STATE_CLOSED'
  | 4

export type JobState__Output = typeof JobState[keyof typeof JobState]
