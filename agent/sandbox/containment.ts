import type { ProcessView } from './process-table.ts';

/** Hold on all processes of one execution. Neither the supervisor nor the agent is ever among them. */
export interface Containment {
  readonly kind: 'cgroup' | 'marker';
  /** Every living process of it that can be seen now. */
  members(): ProcessView[];
  /** Signals each member once, also those that appear meanwhile; how many it reached, 0 where the kernel did all at once. */
  signal(signal: number): number;
  /** CPU time of all members so far, in ms; 0 = unknown. */
  cpuMs(): number;
  /** Lets go of what it needed; only once there are no members. */
  remove(): void;
}
