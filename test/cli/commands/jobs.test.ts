import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';
import { muster } from '../../harness/muster.ts';

const web = { role: 'web' };
const plane = new FakeControlPlane([
  { name: 'web-1', labels: web },
  { name: 'web-2', labels: web },
]);
before(() => plane.start());
after(() => plane[Symbol.asyncDispose]());

const on = (...args: string[]) => muster(args, { server: plane.address });
const submit = async (...args: string[]): Promise<string> => (await on('run', '--detach', ...args)).stdout.trim();
const over = (id: string) => plane.until(() => (plane.jobs.get(id)?.closedUnixMs ?? 0) > 0);

test('jobs lists jobs, newest first, as table, ids and documents', async () => {
  const first = await submit('-l', 'role=web', '--', 'echo', 'a b');
  const second = await submit('-l', 'role=web', '--', 'false');
  await over(second);
  const [table, names, json, limited] = await Promise.all([
    on('jobs'),
    on('jobs', '-o', 'name'),
    on('jobs', 'list', '-o', 'json'),
    on('jobs', '--limit', '1', '-o', 'name'),
  ]);
  assert.match(table?.stdout ?? '', new RegExp(`^${second} +CLOSED +2 +0 +2 .*false$`, 'm'));
  assert.match(table?.stdout ?? '', /echo 'a b'$/m);
  assert.deepEqual(names?.stdout.split('\n').slice(0, 2), [second, first]);
  assert.deepEqual((JSON.parse(json?.stdout ?? '') as { job: string }[]).map(({ job }) => job).slice(0, 2), [
    second,
    first,
  ]);
  assert.equal(limited?.stdout, `${second}\n`);
});

test('jobs show tells order, executions, failures with the end of stderr, and gaps', async () => {
  const id = await submit('-l', 'role=web', '--timeout', '1h', '--shell', 'echo why >&2; exit 3');
  await over(id);
  const job = plane.jobs.get(id);
  const [execution] = job?.executions ?? [];
  assert.ok(execution?.result);
  execution.result.stdout = { bytes: 100, gaps: [{ from: 0, until: 50, reason: 'bound' }] };
  const { status, stdout } = await on('jobs', 'show', id);
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`^Job: +${id}$`, 'm'));
  assert.match(stdout, /^Command: +sh -c 'echo why >&2; exit 3'$/m);
  assert.match(stdout, /^Timeout: +1h$/m);
  assert.match(stdout, /^web-2 +FAILED +3 /m);
  assert.match(stdout, /^web-\[1-2\] \(2\): failed: exit code 3\n {2}why$/m);
  assert.match(stdout, /^web-1 stdout: bytes 0 to 50 \(bound\)$/m);
  const document = JSON.parse((await on('jobs', 'show', id, '-o', 'json')).stdout) as { executions: object[] };
  assert.equal(document.executions.length, 2);
});

test('an unknown job is an error that names it', async () => {
  const id = 'f'.repeat(32);
  for (const command of [
    ['jobs', 'show', id],
    ['watch', id],
    ['cancel', id],
    ['wait', id],
    ['logs', id],
    ['rerun', id],
  ]) {
    const { status, stderr } = await on(...command);
    assert.equal(status, 1, command.join(' '));
    assert.match(stderr, new RegExp(`no job ${id}`));
  }
  const { status, stderr } = await on('watch', '../x');
  assert.equal(status, 2);
  assert.match(stderr, /job.*32 lower-case hex digits/);
});

test('cancel waits for the receipts; again, and on a job that is over, it changes nothing', async () => {
  const id = await submit('-l', 'role=web', '--', 'sleep', '60');
  const first = await on('cancel', id);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stderr, /web-\[1-2\] \(2\): cancelled: TERM to 1 process/);
  assert.equal((await on('cancel', id)).status, 0);
  const done = await submit('-l', 'role=web', '--', 'true');
  await over(done);
  const late = await on('cancel', done);
  assert.equal(late.status, 0);
  assert.match(late.stderr, /was over already \(done\)/);
});

test('cancel passes signal and grace on', async () => {
  const id = await submit('-l', 'role=web', '--', 'sleep', '60');
  await on('cancel', id, '--signal', 'INT', '--grace', '2s', '--no-wait');
  const { request } = plane.requests.findLast(({ method }) => method === 'Cancel') as {
    request: Record<string, unknown>;
  };
  assert.equal(request.signal, 2);
  assert.equal(request.graceMs, 2000);
});

test('wait gives up after its timeout and leaves the job alone', async () => {
  const id = await submit('-l', 'role=web', '--', 'sleep', '60');
  const { status, stderr } = await on('wait', id, '--timeout', '200ms');
  assert.equal(status, 124);
  assert.match(stderr, /the job runs on/);
  assert.equal(plane.jobs.get(id)?.cancelled, false);
});

test('logs shows one node’s bytes as they are, a stream, and from an offset', async () => {
  const id = await submit('-l', 'role=web', '--', 'sh', '-c', 'printf "out of $MUSTER_NODE"; echo err >&2');
  await over(id);
  const [both, stdout, from, all, past] = await Promise.all([
    on('logs', id, '--node', 'web-1'),
    on('logs', id, '--node', 'web-1', '--stream', 'stdout'),
    on('logs', id, '--node', 'web-1', '--stream', 'stdout', '--from', '4'),
    on('logs', id),
    on('logs', id, '--node', 'web-1', '--stream', 'stdout', '--from', '999'),
  ]);
  assert.equal(both?.stdout, 'out of web-1');
  assert.equal(both?.stderr, 'err\n');
  assert.equal(stdout?.stderr, '');
  assert.equal(from?.stdout, 'of web-1');
  assert.equal(all?.stdout, 'web-1: out of web-1\nweb-2: out of web-2\n');
  assert.equal(past?.status, 2);
  assert.match(past?.stderr ?? '', /999 is past the end/);
  assert.equal((await on('logs', id, '--from', '4')).status, 2);
});

test('logs --follow goes on until the stream ends', async () => {
  const id = await submit('-l', 'role=web', '--', 'sh', '-c', 'echo one; sleep 0.3; echo two');
  const { stdout } = await on('logs', id, '--follow', '--node', 'web-2', '--stream', 'stdout');
  assert.equal(stdout, 'one\ntwo\n');
});

test('rerun --failed runs the same command again where it did not succeed', async () => {
  const id = await submit('-l', 'role=web', '--timeout', '90s', '--shell', 'test $MUSTER_NODE = web-1');
  await over(id);
  const { status, stderr } = await on('rerun', id, '--failed');
  assert.equal(status, 1);
  assert.match(stderr, /1 failed of 1/);
  const again = [...plane.jobs.values()].at(-1);
  assert.notEqual(again?.id, id);
  assert.deepEqual(
    again?.executions.map(({ node }) => node.name),
    ['web-2'],
  );
  assert.equal(again?.order.limits.timeoutMs, 90_000);
  assert.deepEqual(again?.order.command.argv, ['test $MUSTER_NODE = web-1']);
});

test('rerun takes all nodes again, needs standard input again, and says when there is nothing to do', async () => {
  const good = await submit('-l', 'role=web', '--', 'true');
  await over(good);
  assert.match((await on('rerun', good)).stderr, /2 succeeded of 2/);
  const nothing = await on('rerun', good, '--failed');
  assert.equal(nothing.status, 3);
  assert.match(nothing.stderr, /succeeded everywhere/);
  const options = { server: plane.address, stdin: Buffer.from('in') };
  const fed = await muster(['run', '-l', 'role=web', '--detach', '--stdin', '-', '--', 'cat'], options);
  await over(fed.stdout.trim());
  const without = await on('rerun', fed.stdout.trim());
  assert.equal(without.status, 2);
  assert.match(without.stderr, /--stdin/);
  const again = await muster(['rerun', fed.stdout.trim(), '--stdin', '-'], { ...options, stdin: Buffer.from('new') });
  assert.match(again.stdout, /^web-1: new$/m);
});
