import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlive } from '../../../cli/up/process-identity.ts';
import type { NamedProcess } from '../../../cli/up/state-folder.ts';
import { freePortRow } from '../../../tools/free-port.ts';
import { findEtcd } from '../../harness/etcd-binary.ts';
import { MusterProcess, type MusterRun, muster } from '../../harness/muster.ts';

/** All that three replicas and their etcd take from the first one on. */
const portsTaken = 32;

test('three replicas: one that is killed takes nothing with it, and the others say that it is gone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-up3-'));
  const base = await freePortRow(portsTaken);
  const ports = ['--listen', `127.0.0.1:${base}`, '--http', `127.0.0.1:${base + 5}`];
  const args = [
    'up',
    '--replicas',
    '3',
    '--nodes',
    '3',
    '--no-restart',
    '--state-dir',
    dir,
    '--etcd',
    findEtcd(),
    ...ports,
  ];
  const up = new MusterProcess(args, { env: {} });
  const children = () =>
    (JSON.parse(readFileSync(join(dir, 'up.json'), 'utf8')) as { children: NamedProcess[] }).children;
  const server = [0, 10, 20].map((more) => `127.0.0.1:${base + more}`).join(',');
  try {
    await up.until('stdout', 'Ctrl-C stops everything');
    assert.match(up.text('stdout'), new RegExp(`export MUSTER_SERVER=${server}\n`));
    const names = children().map(({ name }) => name);
    assert.deepEqual(names, ['etcd', 'replica-1', 'replica-2', 'replica-3', 'web-1', 'web-2', 'db-1']);
    const before = await settled(
      server,
      ({ stdout }) => stdout.split(' ok ').length === 4 && stdout.includes('leader'),
    );
    assert.equal(before.status, 0, before.stdout + before.stderr);
    const all = children();
    const victim = all.find(({ name }) => name === 'replica-2') ?? assert.fail('no replica-2');
    process.kill(victim.pid, 'SIGKILL');
    await up.until('stderr', 'replica-2 was ended by SIGKILL; it stays down');
    const ran = await muster(['run', '-l', 'role', '--', 'echo', 'hi'], { server });
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(ran.stdout.split('\n').sort(), ['', 'db-1: hi', 'web-1: hi', 'web-2: hi']);
    const gone = await settled(server, ({ stdout }) => !/^replica-2 +ok/m.test(stdout));
    assert.match(gone.stdout, /^replica-1 +ok/m);
    assert.match(gone.stdout, /^replica-3 +ok/m);
    up.kill('SIGINT');
    assert.equal((await up.ended).status, 0);
    assert.deepEqual(all.filter(isAlive), []);
  } finally {
    up.kill('SIGTERM');
    await up.ended;
    await rm(dir, { recursive: true, force: true });
  }
});

/** Asks until the cluster looks as it should; far beyond what a lease term takes it gives the last answer. */
async function settled(server: string, reached: (run: MusterRun) => boolean): Promise<MusterRun> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const run = await muster(['cluster'], { server });
    if (reached(run) || performance.now() > deadline) return run;
  }
}
