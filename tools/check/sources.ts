import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { root } from './program.ts';

/** Paths under the project's top folder that git tracks, or would with `git add`; `proto/gen` is left out. */
export async function sourcePaths(...extensions: string[]): Promise<string[]> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const { stdout } = await execa('git', args, { cwd: root, stdin: 'ignore' });
  const wanted = (path: string) => extensions.some((extension) => path.endsWith(extension));
  return stdout.split('\n').filter((path) => wanted(path) && !path.startsWith('proto/gen/') && isThere(path));
}

export const readSource = (path: string): string => readFileSync(join(root, path), 'utf8');

function isThere(path: string): boolean {
  try {
    readSource(path);
    return true;
  } catch {
    return false;
  }
}
