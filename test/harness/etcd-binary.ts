import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The etcd to test with: `MUSTER_TEST_ETCD`, or the one on PATH. Throws where there is none. */
export function findEtcd(): string {
  const named = process.env.MUSTER_TEST_ETCD;
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`MUSTER_TEST_ETCD names ${named}, which is no executable file`);
  }
  const found = onPath('etcd');
  if (found !== undefined) return found;
  throw new Error(
    'these tests need etcd: install it (Debian: apt-get install etcd-server), or name one in MUSTER_TEST_ETCD',
  );
}

/** Runs `etcdctl` (beside the etcd of the tests, or on PATH) and returns what it printed. */
export async function etcdctl(args: readonly string[]): Promise<string> {
  const beside = join(dirname(findEtcd()), 'etcdctl');
  const binary = isExecutable(beside) ? beside : onPath('etcdctl');
  if (binary === undefined)
    throw new Error('these tests need etcdctl: install it (Debian: apt-get install etcd-client)');
  const { stdout } = await run(binary, args, { env: { ...process.env, ETCDCTL_API: '3' }, timeout: 60_000 });
  return stdout;
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
