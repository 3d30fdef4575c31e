import { createHash } from 'node:crypto';
import { SyntheticOutput } from '../../agent/simulated/synthetic-output.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { Generator } from '../history/expectation.ts';

const numberDigits = 12;
const hashedLines = 10_000;

/** What commands of a case write to standard output, known from its seed. */
export class Generated {
  readonly #synthetic = new Map<string, SyntheticOutput>();

  /** How many bytes an execution writes that comes to its end; undefined = anything is right. */
  bytes(generator: Generator, execution: string): number | undefined {
    if (generator.kind === 'lines') return generator.lines * lineBytes(execution);
    return generator.kind === 'simulated' ? generator.bytes : undefined;
  }

  /** SHA-256, as hex, of the bytes from `from` up to `until`. */
  digest(generator: Generator, execution: string, from: number, until: number): string | undefined {
    if (generator.kind === 'lines') return linesDigest(execution, from, until);
    if (generator.kind !== 'simulated') return undefined;
    const { pattern, shift } = this.#of(generator.seed, execution);
    const hash = createHash('sha256');
    for (let at = from; at < until; ) {
      const begin = (at + shift) % pattern.length;
      const piece = pattern.subarray(begin, begin + until - at);
      hash.update(piece);
      at += piece.length;
    }
    return hash.digest('hex');
  }

  #of(seed: string, execution: string): { pattern: Buffer; shift: number } {
    const output = this.#synthetic.get(seed) ?? new SyntheticOutput({ seed });
    this.#synthetic.set(seed, output);
    return { pattern: output.pattern, shift: output.shift(execution as ExecutionId) };
  }
}

function linesDigest(execution: string, from: number, until: number): string {
  const each = lineBytes(execution);
  const hash = createHash('sha256');
  for (let at = from; at < until; ) {
    const first = Math.floor(at / each);
    const count = Math.min(hashedLines, Math.ceil(until / each) - first);
    const text = Buffer.from(Array.from({ length: count }, (_, n) => line(execution, first + n + 1)).join(''));
    const piece = text.subarray(at - first * each, until - first * each);
    hash.update(piece);
    at += piece.length;
  }
  return hash.digest('hex');
}

const line = (execution: string, number: number): string =>
  `${execution} ${String(number).padStart(numberDigits, '0')}\n`;

const lineBytes = (execution: string): number => execution.length + 1 + numberDigits + 1;
