import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './program.ts';

/** The commit that test/compat/previous names, or undefined while it names none. Throws on anything but a full commit id. */
export function previousCommit(
  text: string = readFileSync(join(root, 'test/compat/previous'), 'utf8'),
): string | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const [commit, more] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (commit === undefined) return undefined;
  if (more !== undefined || !/^[0-9a-f]{40}$/.test(commit)) {
    throw new Error('test/compat/previous: must be one commit id of 40 hex digits, or comments only');
  }
  return commit;
}
