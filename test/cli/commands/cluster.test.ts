import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { healthyCluster } from '../../harness/fake-cluster-handlers.ts';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';
import { muster } from '../../harness/muster.ts';

const plane = new FakeControlPlane([{ name: 'web-1' }]);
before(() => plane.start());
beforeEach(() => {
  plane.cluster = healthyCluster();
  plane.requests.length = 0;
});
after(() => plane[Symbol.asyncDispose]());

const on = (...args: string[]) => muster(['cluster', ...args], { server: plane.address });
const confirms = () => plane.requests.filter(({ method }) => method === 'Confirm').map(({ request }) => request);

test('a healthy cluster is a table, a line about the store, and status 0', async () => {
  const { status, stdout, stderr } = await on();
  assert.equal(status, 0, stderr);
  const [header = '', first = '', second = '', , store = '', ...rest] = stdout.split('\n');
  assert.match(header, /^REPLICA +STATE +ROLE +SESSIONS +JOBS +LEASE +VERSION +ADDRESS$/);
  assert.match(first, /^fake-1 +ok +leader +3 +1 +0ms +0\.1\.0 +127\.0\.0\.1:1$/);
  assert.match(second, /^fake-2 +ok +- +2 +0 +1\.2s +0\.1\.0 +127\.0\.0\.1:2$/);
  assert.match(store, /^store: etcd, era 1 \(begun \d+d ago\), confirmed$/);
  assert.deepEqual(rest, ['']);
});

test('a replica that can not be reached is shown with question marks, named as trouble, and the status is 1', async () => {
  Object.assign(plane.cluster.replicas[1] ?? {}, { reachable: false });
  const { status, stdout } = await on();
  assert.equal(status, 1);
  assert.match(stdout, /^fake-2 +unreachable +- +\? +\? +\? /m);
  assert.match(stdout, /^! fake-1 can't reach fake-2$/m);
});

test('each trouble is told, and the worst word stands for a replica', async () => {
  const fenced = { reachable: true, fenced: true, stopping: true, leader: false };
  for (const replica of plane.cluster.replicas) Object.assign(replica, fenced);
  Object.assign(plane.cluster.store, { era: 4, unconfirmed: true, reason: 'wiped', lostResults: 7 });
  const { status, stdout } = await on();
  assert.equal(status, 1);
  assert.match(stdout, /^fake-1 +fenced /m);
  assert.match(
    stdout,
    /^store: etcd, era 4 \(wiped .*\), read-only until: muster cluster confirm, 7 results of jobs it lost are kept aside$/m,
  );
  assert.match(
    stdout,
    /^! fenced, .*: fake-1, fake-2\n! no replica is the leader\n! the store was found wiped: .*--era 4$/m,
  );
});

test('a replica that stops is no trouble', async () => {
  Object.assign(plane.cluster.replicas[1] ?? {}, { stopping: true });
  const { status, stdout } = await on();
  assert.equal(status, 0);
  assert.match(stdout, /^fake-2 +stopping /m);
});

test('programs get one document, in which what is not known is null', async () => {
  Object.assign(plane.cluster.replicas[1] ?? {}, { reachable: false });
  const [json, jsonl, yaml, name] = await Promise.all(
    ['json', 'jsonl', 'yaml', 'name'].map((as) => on('show', '-o', as)),
  );
  const document = JSON.parse(json?.stdout ?? '');
  assert.deepEqual([document.leader, document.answeredBy, document.store.confirmed], ['fake-1', 'fake-1', true]);
  assert.deepEqual(document.replicas[1].sessions, null);
  assert.deepEqual(document.replicas[0].sessions, 3);
  assert.deepEqual(JSON.parse(jsonl?.stdout ?? ''), document);
  assert.match(yaml?.stdout ?? '', /answeredBy: fake-1/);
  assert.equal(name?.stdout, 'fake-1\nfake-2\n');
});

test('confirm asks only at a terminal, and confirms the era it was told of', async () => {
  Object.assign(plane.cluster.store, { era: 4, unconfirmed: true, reason: 'wiped' });
  const unasked = await on('confirm');
  assert.equal(unasked.status, 2);
  assert.match(unasked.stderr, /era 4 began at .* \(wiped\)[\s\S]*say --yes/);
  assert.deepEqual(confirms(), []);
  const wrong = await on('confirm', '--era', '3', '--yes');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /the era is 4/);
  const done = await on('confirm', '--yes');
  assert.deepEqual([done.status, done.stdout], [0, 'era 4 confirmed\n']);
  assert.deepEqual(confirms(), [{ era: 3 }, { era: 4 }]);
  assert.deepEqual((await on('confirm', '--yes')).stdout, 'era 4 is confirmed already\n');
});
