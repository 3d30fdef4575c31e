import { parseArgs } from 'node:util';
import type { BenchSettings } from './harness/row.ts';

export interface BenchOptions extends BenchSettings {
  /** Names of rows; empty = all. */
  readonly only: readonly string[];
  /** Where the figures go as JSON; a file in `bench/out` where not given. */
  readonly json: string | undefined;
  readonly writeDocs: boolean;
  readonly list: boolean;
  readonly help: boolean;
  /** Folder for CPU profiles of every process that is started. */
  readonly profile: string | undefined;
}

export const usage = `npm run bench -- [options]

  --only ROW[,ROW…]   measure these rows only
  --list              names of the rows
  --full              10,000 nodes, 1 GB of output, longer windows (about half an hour)
  --nodes N           simulated nodes: 1,000, or 10,000 with --full
  --repetitions N     measurements of each figure, at least 5 (which is the default)
  --json FILE         write the figures there instead of bench/out
  --write-docs        put the table into docs/performance.md
  --profile FOLDER    write a CPU profile of each process there (the figures are worth less then)
`;

const leastRepetitions = 5;

/** Throws an Error that says what is wrong with a flag. */
export function parseBenchOptions(argv: readonly string[], rows: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      nodes: { type: 'string' },
      repetitions: { type: 'string', default: String(leastRepetitions) },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const only = values.only.flatMap((names) => names.split(','));
  for (const name of only) {
    if (!rows.includes(name)) throw new Error(`--only: no row ${name}; there are ${rows.join(', ')}`);
  }
  if (values['write-docs'] && only.length > 0)
    throw new Error('--write-docs: writes the whole table; leave --only out');
  const { full, list, help, json, profile } = values;
  return {
    ...{ only, full, list, help, json, profile, writeDocs: values['write-docs'] },
    nodes: integer('--nodes', values.nodes ?? (full ? '10000' : '1000'), 1, 100_000),
    repetitions: integer('--repetitions', values.repetitions, leastRepetitions, 1000),
  };
}

function integer(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new Error(`${flag}: ${text} is not ${min} to ${max}`);
  return value;
}
