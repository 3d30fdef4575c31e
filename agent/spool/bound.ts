import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type BoundPolicy = 'keep-tail' | 'keep-head' | 'throttle' | 'kill';

/** How much of each stream is kept, and what happens beyond. */
export interface Bound {
  readonly bytes: number;
  readonly policy: BoundPolicy;
}

/** Where the spool's folder has no file `bound`; `drain.sh` knows it too. */
export const defaultBound: Bound = { bytes: 256 * 1024 * 1024, policy: 'keep-tail' };
const policies: readonly string[] = ['keep-tail', 'keep-head', 'throttle', 'kill'] satisfies BoundPolicy[];

/** The text of a spool's `bound` file: bytes, then the policy, a line each. What is missing, 0 or no such thing is the default's. */
export function parseBound(text: string): Bound {
  const [bytes = '', policy = ''] = text.split('\n');
  return {
    bytes: /^[1-9][0-9]{0,14}$/.test(bytes) ? Number(bytes) : defaultBound.bytes,
    policy: policies.includes(policy) ? (policy as BoundPolicy) : defaultBound.policy,
  };
}

export function readBound(dir: string): Bound {
  try {
    return parseBound(readFileSync(join(dir, 'bound'), 'latin1'));
  } catch {
    return defaultBound;
  }
}
