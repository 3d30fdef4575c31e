import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type BoundPolicy = 'keep-tail' | 'keep-head' | 'throttle' | 'kill';

/** How much of each stream is kept, and what happens beyond. */
export interface Bound {
  readonly bytes: number;
  readonly policy: BoundPolicy;
}

const defaultBound: Bound = { bytes: 256 * 1024 * 1024, policy: 'keep-tail' };
const policies: readonly string[] = ['keep-tail', 'keep-head', 'throttle', 'kill'] satisfies BoundPolicy[];

/** The text of a spool's `bound` file: bytes, then the policy, a line each. What is missing, 0 or no such thing is the default's. */
export function parseBound(text: string): Bound {
  const [bytes = '', policy = ''] = text.split('\n');
  return {
    bytes: /^[1-9][0-9]{0,14}$/.test(bytes) ? Number(bytes) : defaultBound.bytes,
    policy: policies.includes(policy) ? (policy as BoundPolicy) : defaultBound.policy,
  };
}

export async function readBound(dir: string): Promise<Bound> {
  return parseBound(await readFile(join(dir, 'bound'), 'latin1').catch(() => ''));
}
