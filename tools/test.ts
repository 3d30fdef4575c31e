// `npm test`: the checks, the short set of the fault suite, then every test on real processes and a real etcd. `npm test --
// test/agent/spool` runs a part, without the checks and the faults; so does a path of a file, or several.
import { globSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { execa } from 'execa';
import { provideEtcd } from './test/etcd.ts';
import { watchUnfinished } from './test/unfinished.ts';

const root = join(import.meta.dirname, '..');
const fileDeadlineMs = Number(process.env.MUSTER_TEST_FILE_DEADLINE_MS ?? 300_000);
const wanted = process.argv.slice(2);
process.chdir(root);

try {
  const files = testFiles(wanted);
  await provideEtcd(console.log);
  if (wanted.length === 0) await check();
  // By itself: its faults have windows of time, which tests beside it would move.
  const withstood = wanted.length > 0 || (await faults());
  const passed = await runTests(files, withstood ? [] : ['the fault suite failed; its table stands above the tests']);
  process.exitCode = passed ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function testFiles(paths: readonly string[]): string[] {
  const patterns = paths.length === 0 ? ['test'] : paths;
  const files = patterns.flatMap((given) => {
    const path = relative(root, resolve(root, given)) || '.';
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    const found = globSync(isFolder ? join(path, '**/*.test.ts') : path);
    if (found.length === 0) throw new Error(`${given}: no such test file, nor a folder with any`);
    return found;
  });
  return [...new Set(files)].sort();
}

async function check(): Promise<void> {
  const done = await execa(process.execPath, ['tools/check.ts'], {
    reject: false,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.exitCode !== 0) throw new Error('the checks failed (npm run check); the tests were not run');
}

/** Whether the short set held; its table goes to stdout. */
async function faults(): Promise<boolean> {
  const done = await execa(process.execPath, ['faults/main.ts', '--short'], {
    reject: false,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return done.exitCode === 0;
}

/**
 * Whether all passed, and there are no other `problems`. The last lines on stdout are the runner's summary, also where tests
 * failed.
 */
async function runTests(files: string[], problems: readonly string[]): Promise<boolean> {
  process.env.MUSTER_TEST_FILE_DEADLINE_MS = String(fileDeadlineMs);
  const events = run({
    files,
    cwd: root,
    concurrency: availableParallelism(),
    timeout: fileDeadlineMs,
    execArgv: ['--import', join(root, 'tools/test/deadline.ts')],
  });
  const summary: string[] = [];
  let failed = false;
  const unfinished = watchUnfinished(events);
  events.on('test:diagnostic', ({ nesting, message, file }) => {
    if (nesting === 0 && file === undefined) summary.push(`ℹ ${message}`);
  });
  events.on('test:summary', ({ success }) => {
    if (!success) failed = true;
  });
  const report: Readable = events.compose(spec).setEncoding('utf8');
  for await (const text of report) process.stdout.write(text as string);
  const left = [...problems, ...unfinished()];
  if (!failed && left.length === 0) return true;
  process.stdout.write(`\n${[...left.map((line) => `✖ ${line}`), ...summary].join('\n')}\n`);
  return false;
}
