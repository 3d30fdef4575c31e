import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';
import { MusterProcess } from '../../harness/muster.ts';

const plane = new FakeControlPlane([
  { name: 'web-1', labels: { role: 'web' } },
  { name: 'web-2', labels: { role: 'web' } },
]);
before(() => plane.start());
after(() => plane[Symbol.asyncDispose]());

async function running(id: string, ...flags: string[]): Promise<MusterProcess> {
  const args = ['run', '-l', 'role=web', '--id', id, ...flags, '--', 'sh', '-c', 'echo begun; exec sleep 60'];
  const process = new MusterProcess(args, { server: plane.address });
  await process.until('stdout', flags.includes('jsonl') ? '"RUNNING"' : 'web-1: begun');
  return process;
}

test('Ctrl-C once lets go after a moment, says how to come back, and the job runs on', async () => {
  const id = 'a1'.repeat(16);
  const process = await running(id);
  process.kill('SIGINT');
  const { status, stderr } = await process.ended;
  assert.equal(status, 130);
  assert.match(stderr, new RegExp(`muster watch ${id}`));
  assert.match(stderr, new RegExp(`muster cancel ${id}`));
  assert.equal(plane.jobs.get(id)?.closedUnixMs, 0);
  assert.equal(plane.jobs.get(id)?.cancelled, false);
});

test('Ctrl-C twice cancels and waits for the receipts', async () => {
  const id = 'a2'.repeat(16);
  const process = await running(id);
  process.kill('SIGINT');
  await process.until('stderr', 'Ctrl-C again');
  process.kill('SIGINT');
  const { status, stderr } = await process.ended;
  assert.equal(status, 1);
  assert.equal(plane.jobs.get(id)?.cancelled, true);
  assert.match(stderr, /web-\[1-2\] \(2\): cancelled: TERM to 1 process; exit 5ms later; nothing left/);
  assert.match(stderr, /2 cancelled of 2/);
});

test('TERM lets go at once', async () => {
  const id = 'a3'.repeat(16);
  const process = await running(id);
  process.kill('SIGTERM');
  const { status, stderr } = await process.ended;
  assert.equal(status, 143);
  assert.match(stderr, new RegExp(`the job runs on.*muster watch ${id}`));
  assert.equal(plane.jobs.get(id)?.cancelled, false);
});

test('a reader that takes nothing does not keep Ctrl-C from working', async () => {
  const id = 'a4'.repeat(16);
  const args = ['run', '--node', 'web-1', '--id', id, '--', 'sh', '-c', 'yes | head -c 8000000; exec sleep 60'];
  const process = new MusterProcess(args, { server: plane.address });
  await process.until('stdout', 'y\n');
  process.child.stdout?.pause();
  // By now everything is written that a pipe and our own buffers take.
  await plane.until(() => (plane.jobs.get(id)?.executions[0]?.streams.stdout.bytes.length ?? 0) >= 8_000_000);
  process.kill('SIGTERM');
  await process.until('stderr', 'the job runs on');
  await new Promise<void>((resolve) => process.child.once('exit', () => resolve()));
  process.child.stdout?.resume();
  await process.ended;
  assert.equal(plane.jobs.get(id)?.cancelled, false);
});
