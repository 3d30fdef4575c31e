import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readyText } from './asks.ts';
import { BenchProcess } from './bench-process.ts';
import { killProcessesOf } from './left-processes.ts';
import type { MeasuredLine } from './line.ts';
import type { Bench, BenchSettings, Row } from './row.ts';

export interface RunRowOptions {
  readonly settings: BenchSettings;
  readonly say: (text: string) => void;
  /** Flags for every Node process that is started. */
  readonly nodeFlags?: readonly string[];
  /** Ends the row, with everything it started. */
  readonly interrupted?: AbortSignal;
}

/** Measures one row in a folder of its own and stops whatever it started. */
export async function runRow(
  row: Row,
  { settings, say, nodeFlags = [], interrupted }: RunRowOptions,
): Promise<MeasuredLine[]> {
  const root = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const cleanups: (() => Promise<void> | void)[] = [() => rmSync(root, { recursive: true, force: true })];
  let count = 0;
  const bench: Bench = {
    ...settings,
    folder(name) {
      count += 1;
      const path = join(root, `${count}-${name}`);
      mkdirSync(path);
      return path;
    },
    async start(options) {
      interrupted?.throwIfAborted();
      count += 1;
      const flags = [...nodeFlags, ...(options.nodeFlags ?? [])];
      const started = await BenchProcess.start({ ...options, nodeFlags: flags, logs: join(root, `${count}`) });
      cleanups.push(() => started.stop());
      return started;
    },
    async startRaw(file) {
      const started = await bench.start({ program: join('bench/raw', file) });
      await started.says(new RegExp(readyText));
      return started;
    },
    after: (action) => void cleanups.push(action),
    say: (text) => say(`${row.name}: ${text}`),
  };
  try {
    return await Promise.race([row.run(bench), ...(interrupted ? [rejectionOf(interrupted)] : [])]);
  } finally {
    for (const cleanup of cleanups.slice(1).reverse()) await cleanup();
    // The agents are gone; what they ran has no business to be there any more.
    const left = await killProcessesOf(root);
    if (left.length > 0)
      bench.say(`${left.length} processes were left behind and have been killed: ${left[0]?.command}, …`);
    await cleanups[0]?.();
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
