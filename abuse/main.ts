// `npm run abuse`: what somebody who means harm can do, tried on real programs.
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../test/crash/random.ts';
import { forgedResults } from './hostile-replica/forged-results.ts';
import { hostileReplica, uselessChecks } from './hostile-replica/suite.ts';

const usage = `npm run abuse -- [options]

  --mutations N  how many offers and results a hostile replica makes up: 1,000, or 10,000 with --full
  --full         the sizes of docs/guarantees.md (some minutes)
  --seed N       replay (drawn and printed where not given)
`;

/** Exit status: 0 nothing ran or was believed that must not, 1 something did, 2 usage. */
async function abuse({ mutations, seed }: { mutations: number; seed: number }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-abuse-'));
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const began = performance.now();
  say(`seed ${seed}`);
  const { tried, twins, problems } = await hostileReplica({ folder, seed, mutations, say });
  const forged = forgedResults(mutations, new Random(seed));
  const useless = await uselessChecks({ folder, seed, say });
  const rows = [...tried].map(([kind, count]) => `  ${String(count).padStart(6)}  ${kind}\n`);
  const offers = [...tried.values()].reduce((sum, count) => sum + count, 0);
  const failures = [
    ...problems,
    ...forged,
    ...useless.map((check) => `without the check ${check} nothing more ran: nothing shows its use`),
  ];
  process.stdout.write(
    `hostile replica, offers made up (seed ${seed})\n${rows.join('')}` +
      `${offers} offers, ${problems.length} problems; ${twins} genuine ones beside them ran once each\n` +
      `${mutations} forged results, ${forged.length} believed\n` +
      `${failures.map((failure) => `✗ ${failure}\n`).join('')}` +
      `${failures.length === 0 ? 'held' : `FAILED with seed ${seed}; ${folder}`} in ${((performance.now() - began) / 1000).toFixed(0)} s\n`,
  );
  if (failures.length > 0) process.exitCode = 1;
  else rmSync(folder, { recursive: true });
}

function options(): { mutations: number; seed: number } | undefined {
  const { values } = parseArgs({
    options: {
      mutations: { type: 'string' },
      full: { type: 'boolean', default: false },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const whole = (name: string, text: string): number => {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name}: ${text} is no whole number above 0`);
    return Number(text);
  };
  return {
    mutations: values.mutations === undefined ? (values.full ? 10_000 : 1000) : whole('mutations', values.mutations),
    seed: values.seed === undefined ? randomInt(1, 2 ** 31) : whole('seed', values.seed),
  };
}

try {
  const wanted = options();
  if (wanted) await abuse(wanted);
  else process.stdout.write(usage);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
