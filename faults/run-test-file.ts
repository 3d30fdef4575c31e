import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Trial } from './trial.ts';

export interface Hit {
  readonly kind: string;
  readonly window: string;
}

const root = join(import.meta.dirname, '..');

/** Runs test files that match a pattern below the project, as a part of a trial; every test counts as a fault of `kind`, or as what `hits` makes of its title. */
export async function runTestFiles(
  trial: Trial,
  options: {
    readonly pattern: string;
    readonly kind: string;
    readonly env?: Readonly<Record<string, string>>;
    /** The faults that a test of this title injects. */
    readonly hits?: (title: string) => readonly Hit[];
  },
): Promise<string> {
  const files = globSync(options.pattern, { cwd: root }).sort();
  if (files.length === 0) throw new Error(`there is no test ${options.pattern}`);
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', ...files], {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = (): void => void child.kill('SIGTERM');
  trial.signal.addEventListener('abort', end, { once: true });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  trial.signal.removeEventListener('abort', end);
  for (const [, result, title = ''] of said.matchAll(/^ *(not ok|ok) \d+ - (.*)$/gm)) {
    if (title.endsWith('.test.ts')) continue;
    const hits = options.hits?.(title) ?? [{ kind: options.kind, window: '' }];
    for (const hit of hits) trial.history.add({ type: 'fault', ...hit, target: title });
    if (result === 'not ok') trial.wrong(title);
  }
  trial.check(code === 0, `node --test ${files.join(' ')} ended with ${code}: ${said.slice(-1500)}`);
  return said;
}
