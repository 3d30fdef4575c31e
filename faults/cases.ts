import { replicaKill } from './cases/replica-kill.ts';
import type { FaultCase } from './trial.ts';

/** In the order in which they run. */
export const cases: readonly FaultCase[] = [replicaKill];
