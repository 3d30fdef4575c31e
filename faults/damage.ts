import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import type { Random } from '../test/crash/random.ts';

/** Cuts off up to a third of a file, at least a byte; how many. */
export function cutEnd(path: string, random: Random): number {
  const { length } = readFileSync(path);
  const bytes = Math.min(length, 1 + random.below(Math.max(1, Math.ceil(length / 3))));
  truncateSync(path, length - bytes);
  return bytes;
}

/** Changes `count` bytes of a file, each into another; how many. */
export function flipBytes(path: string, random: Random, count: number): number {
  const bytes = readFileSync(path);
  if (bytes.length === 0) return 0;
  for (let n = 0; n < count; n += 1) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 + random.below(255));
  }
  writeFileSync(path, bytes);
  return count;
}
