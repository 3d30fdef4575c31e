import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killProcessesOf } from '../bench/harness/left-processes.ts';
import { Random } from '../test/crash/random.ts';
import { checkConcurrency } from './checkers/concurrency.ts';
import { checkOutput } from './checkers/output.ts';
import { checkStarts } from './checkers/starts.ts';
import { checkStates } from './checkers/states.ts';
import { History } from './history/history.ts';
import { summarize, type TrialSummary } from './summary.ts';
import { type FaultCase, Trial } from './trial.ts';

export interface RunTrialOptions {
  readonly seed: number;
  readonly full: boolean;
  readonly soakMs: number;
  /** Keep the folder although all went well. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

const checkers = { starts: checkStarts, output: checkOutput, states: checkStates, concurrency: checkConcurrency };
const mostTold = 8;

export interface TrialOutcome extends TrialSummary {
  readonly case: string;
  readonly seed: number;
  readonly problems: readonly string[];
  readonly historyPath: string;
  readonly tookMs: number;
  readonly soakMs: number;
  /** Why it could not be carried out here; undefined where it was. */
  readonly skipped: string | undefined;
}

/** Runs one case with one seed in a folder of its own, holds its history against the checkers, and leaves no process behind. */
export async function runTrial(faultCase: FaultCase, options: RunTrialOptions): Promise<TrialOutcome> {
  const { seed, full, soakMs, signal } = options;
  const say = (text: string): void => options.say(`${faultCase.name}: ${text}`);
  const root = mkdtempSync(join(tmpdir(), `muster-faults-${faultCase.name}-`));
  mkdirSync(join(root, 'trial'));
  const history = new History({ path: join(root, 'history.jsonl') });
  const trial = new Trial({
    ...{ seed, full, soakMs, history, signal, say },
    random: new Random(seed),
    root: join(root, 'trial'),
  });
  history.add({ type: 'begin', case: faultCase.name, seed, full });
  const began = performance.now();
  const problems: string[] = [];
  try {
    await Promise.race([faultCase.run(trial), interruptionOf(signal)]);
  } catch (error) {
    problems.push(`the case could not be carried out: ${error instanceof Error ? error.message : String(error)}`);
  }
  await trial.end();
  problems.push(...trial.failures);
  const left = await killProcessesOf(root);
  // What a case that could not be carried out left running is no wonder.
  if (left.length > 0 && problems.length === 0)
    problems.push(`${left.length} processes were left behind: ${left[0]?.command}`);
  for (const [name, check] of Object.entries(checkers)) problems.push(...shortened(name, check(history.events)));
  for (const problem of problems) history.add({ type: 'note', text: problem });
  history.close();
  const { path: historyPath } = history;
  if (problems.length === 0 && !options.keep) rmSync(root, { recursive: true, force: true });
  const tookMs = performance.now() - began;
  const { skipped } = trial;
  return {
    case: faultCase.name,
    ...{ seed, problems, historyPath, tookMs, soakMs, skipped },
    ...summarize(history.events),
  };
}

function shortened(checker: string, found: readonly string[]): string[] {
  const told = found.slice(0, mostTold).map((problem) => `${checker}: ${problem}`);
  if (found.length > mostTold) told.push(`${checker}: and ${found.length - mostTold} more`);
  return told;
}

function interruptionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
