import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { localNodes } from '../../../cli/up/local-nodes.ts';
import { isAlive, type ProcessIdentity } from '../../../cli/up/process-identity.ts';
import { RpcClient } from '../../../shared/rpc/client.ts';
import { nodeMethods } from '../../../shared/rpc/methods.ts';
import { retrying } from '../../../shared/rpc/retry.ts';
import { freePort } from '../../../tools/free-port.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { MusterProcess, muster } from '../../harness/muster.ts';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-up-'));
});
after(() => rm(dir, { recursive: true, force: true }));

async function up(
  stateDir: string,
): Promise<{ process: MusterProcess; server: string; children: () => ProcessIdentity[] }> {
  const server = `127.0.0.1:${await freePort()}`;
  const http = `127.0.0.1:${await freePort()}`;
  const args = ['up', '--nodes', '2', '--state-dir', stateDir, '--listen', server, '--http', http];
  const process = new MusterProcess(args, { env: {} });
  const children = () =>
    (JSON.parse(readFileSync(join(stateDir, 'up.json'), 'utf8')) as { children: ProcessIdentity[] }).children;
  return { process, server, children };
}

test('five nodes are three web and two db, over three zones', () => {
  assert.deepEqual(
    localNodes(5).map(({ name, labels }) => `${name} ${labels.role} ${labels.zone}`),
    ['web-1 web a', 'web-2 web b', 'web-3 web c', 'db-1 db a', 'db-2 db b'],
  );
});

test('up runs commands on its nodes, refuses a second one, starts a killed part again, and leaves nothing behind', async () => {
  const stateDir = join(dir, 'one');
  const { process, server, children } = await up(stateDir);
  try {
    await process.until('stdout', 'Ctrl-C stops everything');
    const { status, stdout, stderr } = await muster(['run', '-l', 'role=web', '--', 'echo', 'hi'], { server });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'web-1: hi\n');
    const second = await muster(['up', '--state-dir', stateDir]);
    assert.equal(second.status, 2);
    assert.match(second.stderr, /runs in .* already \(pid \d+\)/);
    const before = children();
    assert.equal(before.length, 3);
    globalThis.process.kill((before[0] as ProcessIdentity).pid, 'SIGKILL');
    await process.until('stderr', 'replica was ended by SIGKILL; starting it again');
    await eventually(() => children().length === 3 && children()[0]?.pid !== before[0]?.pid, 'the replica is back');
    const client = new RpcClient({ servers: [server] });
    await retrying(() => client.call(nodeMethods.GetNode, { node: 'db-1' }), { forMs: 20_000 });
    client.close();
    const again = await muster(['run', '-l', 'role=db', '--', 'echo', 'back'], { server });
    assert.equal(again.stdout, 'db-1: back\n', again.stderr);
    const all = [...before, ...children()];
    process.kill('SIGINT');
    assert.equal((await process.ended).status, 0);
    assert.deepEqual(all.filter(isAlive), []);
    assert.ok(!existsSync(join(stateDir, 'up.json')));
  } finally {
    process.kill('SIGTERM');
    await process.ended;
  }
});

test('what a killed up left running is ended by the next one, which finds its jobs', async () => {
  const stateDir = join(dir, 'two');
  const first = await up(stateDir);
  await first.process.until('stdout', 'Ctrl-C stops everything');
  const id = (await muster(['run', '--node', 'web-1', '--detach', '--', 'true'], first)).stdout.trim();
  const left = first.children();
  first.process.kill('SIGKILL');
  await first.process.ended;
  assert.equal(left.filter(isAlive).length, 3);
  const second = await up(stateDir);
  try {
    await second.process.until('stdout', 'Ctrl-C stops everything');
    assert.deepEqual(left.filter(isAlive), []);
    assert.equal((await muster(['wait', id], second)).status, 0);
  } finally {
    second.process.kill('SIGTERM');
    await second.process.ended;
  }
});

test('a part that can not run is named with the end of its log', async () => {
  const args = ['up', '--state-dir', join(dir, 'three'), '--listen', '0.0.0.0:7500'];
  const { status, stderr } = await muster(args);
  assert.equal(status, 1);
  assert.match(stderr, /replica exited with 2; the end of .*replica\.log:\n(.*\n)*.*--listen/);
});
