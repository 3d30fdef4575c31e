// `npm run bench`: what Muster costs, measured beside the raw cost of the platform in the same run.
import { mkdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { provideEtcd } from '../tools/test/etcd.ts';
import { runRow } from './harness/run-row.ts';
import { type BenchOptions, parseBenchOptions, usage } from './options.ts';
import { jsonPath, type MeasuredRow, makeReport, renderReport, writeDocs, writeJson } from './report.ts';
import { rows } from './rows.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Exit status: 0 all rows were measured, 1 some were not, 2 usage, 130 interrupted (with everything stopped). */
async function bench(options: BenchOptions): Promise<void> {
  const { only, full, nodes, repetitions } = options;
  const chosen = rows.filter(({ name }) => only.length === 0 || only.includes(name));
  await provideEtcd(say);
  const interrupted = interruption();
  const measured: MeasuredRow[] = [];
  for (const row of chosen) {
    say(`${row.name}: ${row.title}`);
    const began = performance.now();
    const settings = { full, nodes, repetitions };
    try {
      const lines = await runRow(row, { settings, say, nodeFlags: profileFlags(options), interrupted });
      measured.push({ row: row.name, lines });
    } catch (error) {
      say(`${row.name}: FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      process.exitCode = 1;
    }
    say(`${row.name}: took ${Math.round((performance.now() - began) / 1000)} s`);
    if (interrupted.aborted) process.exit(130);
  }
  const report = makeReport(measured, options);
  const json = options.json === undefined ? jsonPath(report) : resolve(options.json);
  writeJson(json, report);
  process.stdout.write(`${renderReport(report)}\nFigures of every repetition: ${relative('.', json)}\n`);
  if (!options.writeDocs) return;
  if (measured.length < rows.length)
    throw new Error('--write-docs: not every row was measured; the document is as it was');
  writeDocs(report);
}

/** Aborts at the first SIGINT or SIGTERM, so that what was started is stopped; a second one ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)));
  }
  return controller.signal;
}

function profileFlags({ profile }: BenchOptions): string[] {
  if (profile === undefined) return [];
  const folder = resolve(profile);
  mkdirSync(folder, { recursive: true });
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

function parsed(): BenchOptions | undefined {
  try {
    return parseBenchOptions(
      process.argv.slice(2),
      rows.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
}

const options = parsed();
if (options?.help) process.stdout.write(usage);
else if (options?.list) process.stdout.write(rows.map(({ name, title }) => `${name}\t${title}\n`).join(''));
else if (options) await bench(options);
