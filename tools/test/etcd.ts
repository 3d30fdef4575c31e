import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';

export interface EtcdOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tell: (line: string) => void;
  /** Who is asking; 0 may install. */
  readonly uid: number | undefined;
  /** `/usr/sbin/policy-rc.d`: by it packages learn that no service is to be started. */
  readonly policyFile: string;
}

/**
 * Path of the etcd that tests start: `MUSTER_TEST_ETCD`, else the first on PATH, else installed from the system's packages
 * where that may be done. Throws, saying what to do, where there is none to be had.
 */
export async function ensureEtcd(options: EtcdOptions): Promise<string> {
  const { env, tell, uid, policyFile } = options;
  const named = env.MUSTER_TEST_ETCD;
  if (named) {
    const path = named.includes('/') ? named : find(named, env.PATH);
    if (path && isProgram(path)) return path;
    throw new Error(`MUSTER_TEST_ETCD: ${named} is no program`);
  }
  const present = find('etcd', env.PATH);
  if (present !== undefined) return present;
  const aptGet = find('apt-get', env.PATH);
  if (aptGet === undefined || uid !== 0) {
    const why = aptGet === undefined ? 'this system has no apt-get to install it with' : 'installing it takes root';
    throw new Error(`the tests need etcd, and ${why}. ${whatToDo}`);
  }
  tell('etcd is not here: installing etcd-server and etcd-client from the system’s packages');
  await install(aptGet, env, policyFile);
  const installed = find('etcd', env.PATH) ?? find('etcd', '/usr/bin');
  if (installed === undefined) throw new Error(`etcd-server was installed, but no etcd is on PATH. ${whatToDo}`);
  return installed;
}

/** Names the etcd of this process, and of those it starts: found, or installed, as `ensureEtcd` says. */
export async function provideEtcd(tell: (line: string) => void): Promise<void> {
  const policyFile = '/usr/sbin/policy-rc.d';
  process.env.MUSTER_TEST_ETCD = await ensureEtcd({ env: process.env, tell, uid: process.getuid?.(), policyFile });
}

const whatToDo =
  'Install it (on Debian and Ubuntu: sudo apt-get install etcd-server etcd-client), or name another with MUSTER_TEST_ETCD=/path/to/etcd.';

async function install(aptGet: string, env: EtcdOptions['env'], policyFile: string): Promise<void> {
  // The package would start a service on the default ports.
  const ours = !existsSync(policyFile);
  if (ours) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'etcd-server', 'etcd-client']]) {
      const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, reject: false, all: true } as const;
      const done = await execa(aptGet, args, { ...options, stdin: 'ignore', timeout: 300_000 });
      // A mirror that is away for one list does not keep the package from being there.
      if (done.exitCode !== 0 && args[0] === 'install') {
        throw new Error(`apt-get ${args.join(' ')} failed:\n${done.all}\n${whatToDo}`);
      }
    }
  } finally {
    if (ours) rmSync(policyFile, { force: true });
  }
}

function find(program: string, path = ''): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
