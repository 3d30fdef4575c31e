import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EtcdServer, startEtcd } from '../harness/etcd.ts';
import { type MusterRun, muster } from '../harness/muster.ts';
import { ProcessCluster } from '../harness/process-cluster.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-signed-'));
const at = (name: string): string => join(folder, name);
let etcd: EtcdServer;
let cluster: ProcessCluster;

const cli = (args: string[], key?: string): Promise<MusterRun> =>
  muster(args, { server: cluster.addresses.join(','), ...(key !== undefined && { env: { MUSTER_KEY: key } }) });

before(async () => {
  const made = await muster(['key', 'new', at('alice.pem'), '--name', 'alice']);
  const second = await muster(['key', 'new', at('bob.pem'), '--name', 'bob']);
  assert.match(made.stdout, /^key ed25519:\S+ alice\n$/);
  await muster(['key', 'new', at('mallory.pem')]);
  writeFileSync(at('trust'), `version 1\nthreshold 2\n${made.stdout}${second.stdout}`);
  // What the control plane says of the nodes' labels is role=test; the hosts know better.
  writeFileSync(at('labels'), 'role=test\nzone=a\n');
  etcd = await startEtcd();
  const store = `etcd://${etcd.endpoint}/signed`;
  const rules = ['--trust-file', at('trust'), '--host-labels-file', at('labels')];
  cluster = await ProcessCluster.start({
    agents: 2,
    stores: [store, store],
    agentFlags: ['--signing', 'require', ...rules, '--label', 'zone=b'],
  });
});
after(async () => {
  await cluster.close();
  await etcd.stop();
  rmSync(folder, { recursive: true });
});

test('what is signed with a trusted key runs, wherever its nodes are held, and its results are believed', async () => {
  const { status, stdout, stderr } = await cli(['run', '-l', 'role=test', '--', 'echo', 'hi'], at('alice.pem'));
  assert.equal(status, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n').sort(), ['node-0: hi', 'node-1: hi']);
  const job = /job ([0-9a-f]{32})/.exec(stderr)?.[1] ?? assert.fail(stderr);
  const again = await cli(['rerun', job], at('alice.pem'));
  assert.equal(again.status, 0, again.stderr);
  assert.equal((await cli(['wait', job], at('alice.pem'))).status, 0);
  const watched = await cli(['watch', job], at('alice.pem'));
  assert.equal(watched.status, 0, watched.stderr);
  const logs = await cli(['logs', job, '--node', 'node-0'], at('alice.pem'));
  assert.equal(logs.stdout, 'hi\n', logs.stderr);
  const other = await cli(['rerun', job], at('mallory.pem'));
  assert.equal(other.status, 2);
  assert.match(other.stderr, /was not signed with this key/);
});

test('what is not signed, or by another key, runs nowhere and says why', async () => {
  const unsigned = await cli(['run', '-l', 'role=test', '--', 'touch', at('ran')]);
  assert.equal(unsigned.status, 1);
  assert.match(unsigned.stderr, /refused by the agent, it never ran \(signature: signature: the order is not signed\)/);
  const foreign = await cli(['run', '-l', 'role=test', '--', 'touch', at('ran')], at('mallory.pem'));
  assert.equal(foreign.status, 1);
  assert.match(foreign.stderr, /a key that is not trusted here/);
  assert.throws(() => readFileSync(at('ran')), { code: 'ENOENT' });
});

test('the labels that a host holds decide what a selector means, not those that the control plane gave it', async () => {
  const aimed = await cli(['run', '-l', 'role=test,zone=b', '--', 'touch', at('ran')], at('alice.pem'));
  assert.equal(aimed.status, 1);
  assert.match(aimed.stderr, /\(selector: order.selector: the labels that this host holds do not match/);
  const named = await cli(['run', '--node', 'node-0', '--', 'echo', 'by name'], at('alice.pem'));
  assert.equal(named.stdout, 'by name\n', named.stderr);
});

test('a key that others can read, or that is none, signs nothing', async () => {
  writeFileSync(at('open.pem'), readFileSync(at('alice.pem')), { mode: 0o644 });
  writeFileSync(at('junk.pem'), 'junk', { mode: 0o600 });
  for (const [file, message] of [
    ['open.pem', /chmod 600/],
    ['junk.pem', /is no Ed25519 private key/],
    ['none.pem', /can’t be read/],
  ] as const) {
    const { status, stderr } = await cli(['run', '-l', 'role=test', '--', 'true'], at(file));
    assert.equal(status, 2);
    assert.match(stderr, message);
  }
});

test('two of two keys give the hosts a third one, which then signs; one alone does not', async () => {
  const carol = await muster(['key', 'new', at('carol.pem'), '--name', 'carol']);
  writeFileSync(at('next'), `version 2\nthreshold 1\n${carol.stdout}`);
  const made = await cli(['trust', 'rotate', at('next'), at('request'), '-l', 'role=test'], at('alice.pem'));
  assert.equal(made.status, 0, made.stderr);
  const alone = await cli(['trust', 'submit', at('request')]);
  assert.equal(alone.status, 1);
  assert.match(alone.stderr, /1 of its keys have signed it, where 2 must/);
  await cli(['trust', 'rotate', at('next'), at('request'), '-l', 'role=test'], at('alice.pem'));
  const signed = await cli(['trust', 'sign', at('request')], at('bob.pem'));
  assert.match(signed.stdout, /carol/);
  const both = await cli(['trust', 'submit', at('request')]);
  assert.equal(both.status, 0, both.stderr);
  assert.equal((await cli(['run', '--node', 'node-0', '--', 'true'], at('alice.pem'))).status, 255);
  assert.equal((await cli(['run', '--node', 'node-0', '--', 'true'], at('carol.pem'))).status, 0);
  for (const agent of cluster.agents) {
    await agent.end('SIGKILL');
    agent.start();
  }
  await cluster.connected(2);
  const after = await cli(['run', '-l', 'role=test', '--', 'true'], at('carol.pem'));
  assert.equal(after.status, 0, after.stderr);
});
