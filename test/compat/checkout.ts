import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../..');

/** A folder with the tree of a commit and its own dependencies. Throws, saying what to do, where the commit is not here. */
export async function checkOut(commit: string): Promise<{ folder: string; remove(): void }> {
  const known = await execa('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: root, reject: false });
  if (known.exitCode !== 0) {
    throw new Error(`commit ${commit} is not in this clone: this test needs the full history (git fetch --unshallow)`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'muster-compat-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const archive = await execa('git', ['archive', '--format=tar', commit], { cwd: root, encoding: 'buffer' });
    await execa('tar', ['-x', '-C', folder], { input: archive.stdout });
    await execa('npm', ['ci', '--omit=dev'], { cwd: folder, stdin: 'ignore', timeout: 240_000 });
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, remove };
}
