import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';

const launcher = join(import.meta.dirname, '../../cli/bin/muster');
let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-launcher-'));
});
after(() => rm(dir, { recursive: true }));

const start = (file: string, path: string) =>
  execa(file, ['--version'], { env: { PATH: path }, extendEnv: false, reject: false });

async function fakeNode(name: string, version: string): Promise<string> {
  const bin = join(dir, name);
  await mkdir(bin, { recursive: true });
  // As far as the launcher asks: the version, the check, and the program.
  const script = `#!/bin/sh
case $1 in
  --version) echo v${version} ;;
  -e) [ "${version}" = 26.0.0 ] ;;
  *) echo "ran $*" ;;
esac
`;
  await writeFile(join(bin, 'node'), script);
  await chmod(join(bin, 'node'), 0o755);
  return `${bin}:/usr/bin:/bin`;
}

test('through links, relative and absolute, the project’s own Node runs, whatever is on PATH', async () => {
  const old = await fakeNode('old-a', '20.1.0');
  await symlink(launcher, join(dir, 'absolute'));
  await symlink('absolute', join(dir, 'relative'));
  const { stdout, exitCode } = await start(join(dir, 'relative'), old);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+$/);
});

async function copied(): Promise<string> {
  const file = join(dir, 'project/cli/bin/muster');
  await mkdir(dirname(file), { recursive: true });
  await copyFile(launcher, file);
  await chmod(file, 0o755);
  return file;
}

test('without it the one on PATH runs when it is new enough', async () => {
  const { stdout } = await start(await copied(), await fakeNode('new', '26.0.0'));
  assert.match(stdout, /^ran .*cli\/main\.ts --version$/);
});

test('an old one on PATH is refused with a message that says what to do', async () => {
  const { stderr, exitCode } = await start(await copied(), await fakeNode('old-b', '20.1.0'));
  assert.equal(exitCode, 255);
  assert.match(stderr, /Node v20\.1\.0 on PATH is too old: run npm ci in .*, which brings Node 26/);
});
