// Generated from proto/muster/v1 by npm run gen.

export const OutputPolicy = {
  OUTPUT_POLICY_UNSPECIFIED: 'OUTPUT_POLICY_UNSPECIFIED',
  OUTPUT_POLICY_KEEP_TAIL: 'OUTPUT_POLICY_KEEP_TAIL',
  OUTPUT_POLICY_KEEP_HEAD: 'OUTPUT_POLICY_KEEP_HEAD',
  OUTPUT_POLICY_THROTTLE: 'OUTPUT_POLICY_THROTTLE',
  OUTPUT_POLICY_KILL: 'OUTPUT_POLICY_KILL',
} as const;

export type OutputPolicy =
  | 'OUTPUT_POLICY_UNSPECIFIED'
  | 0
  | 'OUTPUT_POLICY_KEEP_TAIL'
  | 1
  | 'OUTPUT_POLICY_KEEP_HEAD'
  | 2
  | 'OUTPUT_POLICY_THROTTLE'
  | 3
  | 'OUTPUT_POLICY_KILL'
  | 4

export type OutputPolicy__Output = typeof OutputPolicy[keyof typeof OutputPolicy]
