import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';
import { muster } from '../../harness/muster.ts';

const web = { role: 'web' };
const plane = new FakeControlPlane([
  { name: 'web-1', labels: web },
  { name: 'web-2', labels: web },
  { name: 'web-3', labels: web },
]);
before(() => plane.start());
after(() => plane[Symbol.asyncDispose]());

const run = (...args: string[]) => muster(['run', ...args], { server: plane.address });

test('usage errors are 2, name the flag and say what would be right', async () => {
  const table: [string[], RegExp][] = [
    [['-l', 'a=b', '--timeout', '5', '--', 'true'], /--timeout.*3000ms, 5s/],
    [['-l', 'a=b', '--output-bound', '2GB', '--', 'true'], /--output-bound.*64KiB/],
    [['-l', 'a=b', '--max-concurrency', '0', '--', 'true'], /--max-concurrency.*from 1/],
    [['-l', 'a=b', '--max-errors', '110%', '--', 'true'], /--max-errors.*at most 100%/],
    [['-l', 'a=b', '--env', 'X', '--', 'true'], /--env.*KEY=VALUE/],
    [['-l', 'a=b', '--id', '../x', '--', 'true'], /--id.*32 lower-case hex digits/],
    [['-l', 'a=b', '-o', 'xml', '--', 'true'], /--output.*table, wide, json/],
    [['-l', 'a=b', '--output-policy', 'x', '--', 'true'], /--output-policy.*keep-tail/],
    [['-l', 'a=b', '--nod', 'x', '--', 'true'], /--nod.*--node/s],
    [['-l', 'a=b', '--node', 'x', '--', 'true'], /--selector or --node, not both/],
    [['-l', 'a=b'], /say what to run/],
    [['-l', 'a=b', '--shell', 'x', '--', 'true'], /--shell or a program/],
    [['-l', 'a=b', '--stdin', '/no/such/file', '--', 'cat'], /--stdin.*ENOENT/],
    [['-l', 'role=web', '--cwd', 'relative', '--', 'true'], /--cwd/],
    [['-l', 'role=web', '--grace', '2h', '--', 'true'], /--grace/],
    [
      ['-l', 'role=web', '--deliver-within', '2h', '--job-timeout', '1h', '--', 'true'],
      /--job-timeout.*--deliver-within/,
    ],
    [['--server', 'nonsense', '-l', 'a=b', '--', 'true'], /--server.*host:port/],
    [['--node', 'web-1', '--timeout', 'x', '--', 'true'], /--timeout/],
  ];
  const found = await Promise.all(table.map(([args]) => run(...args)));
  for (const [at, { status, stderr }] of found.entries()) {
    const [args = [], expected = /./] = table[at] ?? [];
    assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, expected, args.join(' '));
    assert.match(stderr, /^muster: /);
  }
  assert.equal(plane.requests.filter(({ method }) => method === 'Submit').length, plane.jobs.size);
});

test('the order has what the flags said', async () => {
  const id = '1'.repeat(32);
  const flags = [
    '--id',
    id,
    '--timeout',
    '90s',
    '--grace',
    '3000ms',
    '--env',
    'A=1',
    '--env',
    'B=x=y',
    '--cwd',
    '/tmp',
  ];
  const more = [
    '--max-concurrency',
    '50%',
    '--max-errors',
    '2',
    '--output-bound',
    '64MiB',
    '--output-policy',
    'keep-head',
  ];
  const { status, stderr } = await run(
    '-l',
    'role=web',
    ...flags,
    ...more,
    '--deliver-within',
    '1h',
    '--shell',
    'true',
  );
  assert.equal(status, 0, stderr);
  const order = plane.jobs.get(id)?.order;
  assert.ok(order);
  assert.deepEqual([order.command.argv, order.command.shell], [['true'], true]);
  assert.deepEqual(
    { ...order.limits },
    {
      timeoutMs: 90_000,
      graceMs: 3000,
      outputBoundBytes: 64 * 1024 ** 2,
      outputPolicy: 'keep-head',
    },
  );
  assert.deepEqual({ ...order.rollout }, { maxConcurrency: 1, maxErrors: 2 });
  assert.equal(order.selector, 'role=web');
  assert.equal(order.planCount, 3);
  assert.equal(order.deliveryDeadlineUnixMs - order.createdUnixMs, 3_600_000);
});

test('a program’s own flags are its own, also without --', async () => {
  const { status, stdout } = await run('--node', 'web-1', 'echo', '-n', '--timeout', 'x');
  assert.equal(status, 0);
  assert.equal(stdout, '--timeout x');
});

test('--latest and --lane are in the order, and wrong ones are usage errors', async () => {
  const id = '2'.repeat(32);
  const { status } = await run(
    '--id',
    id,
    '--node',
    'web-1',
    '--latest',
    'nightly/apt',
    '--lane',
    'apt:2',
    '--',
    'true',
  );
  assert.equal(status, 0);
  const { order } = plane.jobs.get(id) ?? assert.fail('no such job');
  assert.deepEqual([order.latestKey, order.lane], ['nightly/apt', { name: 'apt', concurrency: 2 }]);
  const wrong = [
    ['--latest', 'a b'],
    ['--latest', ''],
    ['--lane', 'apt:0'],
    ['--lane', 'apt:1001'],
    ['--lane', 'a b'],
    ['--no-queue', '--deliver-within', '1h'],
  ];
  for (const flags of wrong) {
    const { status, stderr } = await run('--node', 'web-1', ...flags, '--', 'true');
    assert.equal(status, 2, stderr);
    assert.ok(stderr.includes(flags[0] ?? ''), stderr);
  }
});
