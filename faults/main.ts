// `npm run faults`: real jobs while replicas, agents, the store and the disk fail, and what the checkers say of it.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { provideEtcd } from '../tools/test/etcd.ts';
import { cases } from './cases.ts';
import { type FaultOptions, parseFaultOptions, usage } from './options.ts';
import { runTrial, type TrialOutcome } from './run-trial.ts';
import { renderOutcomes } from './table.ts';
import type { FaultCase } from './trial.ts';

// Every program that runs is to be ended with this one.
process.setMaxListeners(100);

/** A soak is one seed after another for so long each: what fails is short enough to be replayed. */
const soakSliceMs = 60_000;

/** Of /proc; on Linux everywhere. */
const msATick = 10;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Exit status: 0 all held, 1 something did not, 2 usage, 130 interrupted (with everything stopped). */
async function faults(options: FaultOptions): Promise<void> {
  const { full, soakMs, keep, atOnce } = options;
  await provideEtcd(say);
  const signal = interruption();
  const began = performance.now();
  const outcomes: TrialOutcome[] = [];
  const lane = async (rest: Iterable<Planned>): Promise<void> => {
    for (const { faultCase, seed } of rest) {
      if (signal.aborted) return;
      say(`${faultCase.name}: ${faultCase.title} (seed ${seed})`);
      const leftMs = Math.max(0, began + soakMs - performance.now());
      const outcome = await runTrial(faultCase, {
        ...{ seed, full, keep, signal, say },
        soakMs: Math.min(leftMs, soakSliceMs),
      });
      const verdict = outcome.problems.length > 0 ? 'FAILED' : outcome.skipped ? 'skipped' : 'ok';
      say(`${faultCase.name}: ${verdict} in ${(outcome.tookMs / 1000).toFixed(1)} s`);
      outcomes.push(outcome);
    }
  };
  const beside = atOnce > 1 ? trials(options, began, ({ alone }) => alone !== true) : [];
  await Promise.all(Array.from({ length: atOnce }, () => lane(beside)));
  await lane(trials(options, began, ({ alone }) => atOnce === 1 || alone === true));
  const report = renderOutcomes(outcomes, full, { tookMs: performance.now() - began, cpuMs: cpuMs() });
  // What the interrupted case waits for would keep the process; a pipe is written to later.
  if (signal.aborted) return void process.stdout.write(report, () => process.exit(130));
  process.stdout.write(report);
  if (outcomes.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}

interface Planned {
  readonly faultCase: FaultCase;
  readonly seed: number;
}

/** What is to be run, in its order; a soak goes on until its time is over. */
function* trials(
  options: FaultOptions,
  began: number,
  which: (faultCase: FaultCase) => boolean,
): Generator<Planned, void, undefined> {
  const { full, soakMs, seed, seeds } = options;
  const wanted = ({ name, short }: FaultCase): boolean =>
    options.cases.length > 0 ? options.cases.includes(name) : full || short;
  const chosen = cases.filter((faultCase) => wanted(faultCase) && which(faultCase));
  if (chosen.length === 0) return;
  for (let round = 0; soakMs > 0 || round < seeds; round += 1) {
    if (soakMs > 0 && performance.now() >= began + soakMs) return;
    for (const faultCase of chosen) yield { faultCase, seed: seed + round };
  }
}

/** Spent by this process, and by those of its children that have ended. */
function cpuMs(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15);
  return ticks.reduce((sum, each) => sum + Number(each), 0) * msATick;
}

/** Aborts at the first SIGINT or SIGTERM, so that what was started is stopped; a second one ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)));
  }
  return controller.signal;
}

function parsed(): FaultOptions | undefined {
  try {
    const names = cases.map(({ name }) => name);
    return parseFaultOptions(process.argv.slice(2), names, () => randomInt(2 ** 31));
  } catch (error) {
    process.stderr.write(`faults: ${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
}

const options = parsed();
if (options?.help) process.stdout.write(usage);
else if (options?.list)
  process.stdout.write(
    cases.map(({ name, title, short }) => `${name}\t${short ? 'short' : 'full'}\t${title}\n`).join(''),
  );
else if (options) await faults(options);
