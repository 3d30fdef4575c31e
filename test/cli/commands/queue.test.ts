import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';
import { muster } from '../../harness/muster.ts';

const web = { role: 'web' };
const plane = new FakeControlPlane([
  { name: 'web-1', labels: web },
  { name: 'web-2', labels: web, connected: false },
  { name: 'web-3', labels: web, connected: false },
]);
before(() => plane.start());
after(() => plane[Symbol.asyncDispose]());

const run = (...args: string[]) => muster(['run', ...args], { server: plane.address });

test('an order for nodes that are away says so and until when it waits, also when nobody follows', async () => {
  const { status, stdout, stderr } = await run('-l', 'role=web', '--detach', '--deliver-within', '2h', '--', 'true');
  assert.equal(status, 0, stderr);
  assert.equal(plane.jobs.get(stdout.trim())?.executions.length, 3);
  assert.match(
    stderr,
    /^muster: web-\[2-3\] are away \(2 of 3\): their command waits until .*Z \(2h\) for that to change/,
  );
});

test('--no-queue leaves out what is away, names it, and is no success', async () => {
  const { status, stdout, stderr } = await run('-l', 'role=web', '--no-queue', '--quiet', '--', 'echo', 'hi');
  assert.equal(stdout, 'web-1: hi\n');
  assert.equal(stderr, 'muster: web-[2-3] are away (2 of 3) and left out, because of --no-queue\n');
  assert.equal(status, 1);
  const own = await run('-l', 'role=web', '--no-queue', '--quiet', '--exit-of-command', '--', 'true');
  assert.equal(own.status, 255);
});

test('--no-queue with every node away runs nothing, and is unavailable', async () => {
  const before = plane.jobs.size;
  const { status, stderr } = await run('--node', 'web-2,web-3', '--no-queue', '--', 'true');
  assert.equal(status, 5);
  assert.match(stderr, /none of the 2 nodes has a session, and --no-queue waits for none/);
  assert.equal(plane.jobs.size, before);
});
