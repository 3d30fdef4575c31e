// `npm run faults`: real jobs while replicas, agents, the store and the disk fail, and what the checkers say of it.
import { randomInt } from 'node:crypto';
import { cases } from './cases.ts';
import { type FaultOptions, parseFaultOptions, usage } from './options.ts';
import { runTrial, type TrialOutcome } from './run-trial.ts';
import { renderOutcomes } from './table.ts';

// Every program that runs is to be ended with this one.
process.setMaxListeners(100);

/** A soak is one seed after another for so long each: what fails is short enough to be replayed. */
const soakSliceMs = 60_000;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Exit status: 0 all held, 1 something did not, 2 usage, 130 interrupted (with everything stopped). */
async function faults(options: FaultOptions): Promise<void> {
  const { full, soakMs, keep, seed, seeds } = options;
  const chosen = cases.filter(({ name, short }) =>
    options.cases.length > 0 ? options.cases.includes(name) : full || short,
  );
  const signal = interruption();
  const outcomes: TrialOutcome[] = [];
  const until = performance.now() + soakMs;
  const rounds = soakMs > 0 ? Number.POSITIVE_INFINITY : seeds;
  for (let round = 0; round < rounds && !signal.aborted; round += 1) {
    const leftMs = until - performance.now();
    if (soakMs > 0 && leftMs <= 0) break;
    for (const faultCase of chosen) {
      if (signal.aborted) break;
      say(`${faultCase.name}: ${faultCase.title} (seed ${seed + round})`);
      const outcome = await runTrial(faultCase, {
        seed: seed + round,
        soakMs: Math.max(0, Math.min(leftMs, soakSliceMs)),
        ...{ full, keep, signal, say },
      });
      say(
        `${faultCase.name}: ${outcome.problems.length === 0 ? 'ok' : 'FAILED'} in ${(outcome.tookMs / 1000).toFixed(1)} s`,
      );
      outcomes.push(outcome);
    }
  }
  const report = renderOutcomes(outcomes, full);
  // What the interrupted case waits for would keep the process; a pipe is written to later.
  if (signal.aborted) return void process.stdout.write(report, () => process.exit(130));
  process.stdout.write(report);
  if (outcomes.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
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
