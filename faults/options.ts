import { parseArgs } from 'node:util';
import { parseDuration } from '../shared/duration.ts';

export interface FaultOptions {
  /** Names of cases; empty = all that the size has. */
  readonly cases: readonly string[];
  /** The first seed. */
  readonly seed: number;
  /** How many, one after another. */
  readonly seeds: number;
  readonly full: boolean;
  readonly soakMs: number;
  readonly keep: boolean;
  /** So many trials run beside each other. */
  readonly atOnce: number;
  readonly list: boolean;
  readonly help: boolean;
}

export const usage = `npm run faults -- [options]

  --case NAME[,NAME…]  run these cases only
  --seed N             replay: the first seed (drawn and printed where not given)
  --seeds N            so many seeds of each case: 1, or 3 with --full
  --short              the short set, as in npm test: small sizes, at most 4 minutes in all (the default)
  --full               every case in the sizes of docs/guarantees.md (about an hour)
  --soak TIME          the case random for so long (10m, 2h), seed after seed
  --at-once N          so many cases beside each other: 2 in the short set, else 1, for the figures' sake
  --keep               keep the folders of cases that pass
  --list               names of the cases
`;

/** Throws an Error that says what is wrong with a flag. */
export function parseFaultOptions(argv: readonly string[], cases: readonly string[], draw: () => number): FaultOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      case: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      short: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      soak: { type: 'string' },
      keep: { type: 'boolean', default: false },
      'at-once': { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { short, full, soak, keep, list, help } = values;
  const named = values.case.flatMap((names) => names.split(','));
  for (const name of named) {
    if (!cases.includes(name)) throw new Error(`--case: no case ${name}; there are ${cases.join(', ')}`);
  }
  if (short && full) throw new Error('--short and --full: one of the two');
  const soakMs = soak === undefined ? 0 : parseDuration(soak);
  if (soakMs === undefined) throw new Error(`--soak: ${soak} is no time; for example 10m`);
  if (soakMs > 0 && named.some((name) => name !== 'random')) throw new Error('--soak: runs the case random only');
  return {
    cases: soakMs > 0 ? ['random'] : named,
    seed: values.seed === undefined ? draw() : integer('--seed', values.seed, 0, 2 ** 32 - 1),
    seeds: integer('--seeds', values.seeds ?? (full ? '3' : '1'), 1, 10_000),
    atOnce: integer('--at-once', values['at-once'] ?? (full || soakMs > 0 ? '1' : '2'), 1, 16),
    ...{ full, soakMs, keep, list, help },
  };
}

function integer(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max)
    throw new Error(`${flag}: ${text} is not a whole number from ${min} to ${max}`);
  return value;
}
