import { createHash } from 'node:crypto';
import type { ExecutionId } from '../../shared/ids.ts';

/** An odd length, so that no lost or repeated piece of a round size goes unnoticed. */
const seededBytes = 1024 * 1024 - 3;
const line = 'a line of output of a simulated agent, again and again and again\n';

/**
 * What simulated executions write: without a seed the same line again and again; with one, bytes that belong to the seed, the
 * execution and the offset, so that whoever knows the seed can tell what must have arrived. Costs one buffer, however many write.
 */
export class SyntheticOutput {
  readonly pattern: Buffer;
  readonly #seed: string;

  /** `seed` empty = the line. */
  constructor({ seed }: { seed: string }) {
    this.#seed = seed;
    this.pattern = seed === '' ? Buffer.alloc(1024 * 1024, line) : patternOf(seed, seededBytes);
  }

  /** Byte n of an execution's output is byte (n + shift) of the pattern, over and over. */
  shift(execution: ExecutionId): number {
    if (this.#seed === '') return 0;
    return createHash('sha256').update(`${this.#seed}\n${execution}`).digest().readUInt32BE(0) % this.pattern.length;
  }

  /** SHA-256, hex, of the first `bytes` of an execution's standard output. */
  sha256(execution: ExecutionId, bytes: number): string {
    const hash = createHash('sha256');
    const { pattern } = this;
    const shift = this.shift(execution);
    for (let at = 0; at < bytes; ) {
      const begin = (at + shift) % pattern.length;
      const piece = pattern.subarray(begin, begin + bytes - at);
      hash.update(piece);
      at += piece.length;
    }
    return hash.digest('hex');
  }
}

function patternOf(seed: string, bytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, n) =>
    createHash('sha256').update(`${seed}\n${n}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, bytes);
}
