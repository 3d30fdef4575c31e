// Generated from proto/muster/v1 by npm run gen.

export const Containment = {
  CONTAINMENT_UNSPECIFIED: 'CONTAINMENT_UNSPECIFIED',
  CONTAINMENT_CGROUP: 'CONTAINMENT_CGROUP',
  CONTAINMENT_MARKER: 'CONTAINMENT_MARKER',
} as const;

export type Containment =
  | 'CONTAINMENT_UNSPECIFIED'
  | 0
  | 'CONTAINMENT_CGROUP'
  | 1
  | 'CONTAINMENT_MARKER'
  | 2

export type Containment__Output = typeof Containment[keyof typeof Containment]
