import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Order, Order__Output } from '../../proto/gen/muster/v1/Order.ts';
import { MusterError } from '../../shared/errors.ts';
import { buildOrder, checkTimes, decodeOrder, type OrderInput } from '../../shared/order.ts';
import { codec } from '../../shared/rpc/proto.ts';

const orders = codec<Order, Order__Output>('muster.v1.Order');
const now = 1_700_000_000_000;
const day = 86_400_000;
const root = Buffer.alloc(32, 7);
const good: Order = {
  id: '0123456789abcdef0123456789abcdef',
  command: { argv: ['echo', 'hi'] },
  planRoot: root,
  planCount: 10,
  expiresUnixMs: now + day,
  createdUnixMs: now,
};
const input: OrderInput = { command: { argv: ['true'] }, plan: { root, count: 10 }, createdUnixMs: now };
const reread = (change: Order) => decodeOrder(orders.encode({ ...good, ...change }));

test('what is left out gets its default', () => {
  const { id, ...order } = buildOrder(input).order;
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual(order, {
    command: {
      argv: ['true'],
      shell: false,
      env: new Map(),
      workingDirectory: '',
      runAs: '',
      containment: 'any',
      trustFile: undefined,
    },
    planRoot: root,
    planCount: 10,
    selector: '',
    stdin: undefined,
    limits: { timeoutMs: 0, graceMs: 10_000, outputBoundBytes: 256 * 1024 ** 2, outputPolicy: 'keep-tail' },
    rollout: { maxConcurrency: 1000, maxErrors: Number.POSITIVE_INFINITY },
    notBeforeUnixMs: 0,
    expiresUnixMs: now + day,
    deliveryDeadlineUnixMs: now + day,
    jobDeadlineUnixMs: now + day + 30 * day + 10_000,
    createdUnixMs: now,
    latestKey: '',
    lane: undefined,
  });
});

test('what is said is kept, and the bytes say the same', () => {
  const stdin = Buffer.from('hello');
  const { order, bytes } = buildOrder({
    ...input,
    id: 'f'.repeat(32),
    command: {
      argv: ['echo $X'],
      shell: true,
      env: { X: '1', constructor: '2' },
      workingDirectory: '/srv',
      runAs: 'www-data',
      containment: 'CONTAINMENT_CGROUP',
    },
    selector: 'role=web',
    stdin,
    limits: { timeoutMs: 5000, graceMs: 0, outputBoundBytes: 2 * 1024 ** 3, outputPolicy: 'OUTPUT_POLICY_KILL' },
    rollout: { maxConcurrency: { percent: 25 }, maxErrors: { count: 0 } },
    deliverWithinMs: 2 * day,
    notBeforeUnixMs: now + 1,
  });
  assert.deepEqual(decodeOrder(bytes), order);
  assert.equal(order.command.shell, true);
  assert.deepEqual(
    [...order.command.env],
    [
      ['X', '1'],
      ['constructor', '2'],
    ],
  );
  assert.deepEqual([order.command.workingDirectory, order.command.runAs], ['/srv', 'www-data']);
  assert.equal(order.command.containment, 'cgroup');
  assert.deepEqual(order.stdin, { digest: createHash('sha256').update(stdin).digest(), bytes: 5 });
  assert.deepEqual(order.limits, { timeoutMs: 5000, graceMs: 0, outputBoundBytes: 2 ** 31, outputPolicy: 'kill' });
  assert.deepEqual(order.rollout, { maxConcurrency: 2, maxErrors: 0 });
  assert.deepEqual([order.expiresUnixMs, order.deliveryDeadlineUnixMs], [now + 2 * day, now + 2 * day]);
  assert.equal(order.jobDeadlineUnixMs, now + 2 * day + 5000);
});

test('a percentage is rounded down, but one at a time is the least', () => {
  const rollout = (percent: number, planCount: number) => {
    return reread({ planCount, rollout: { maxConcurrency: { percent }, maxErrors: { percent } } }).rollout;
  };
  assert.deepEqual(rollout(10, 15), { maxConcurrency: 1, maxErrors: 1 });
  assert.deepEqual(rollout(1, 15), { maxConcurrency: 1, maxErrors: 0 });
  assert.deepEqual(rollout(100, 15), { maxConcurrency: 15, maxErrors: 15 });
});

test('an environment entry named __proto__ is an entry like any other and changes nothing else', () => {
  const env = JSON.parse('{"__proto__":"x","A":"b"}') as Record<string, string>;
  const order = reread({ command: { argv: ['true'], env } });
  assert.deepEqual(
    [...order.command.env],
    [
      ['__proto__', 'x'],
      ['A', 'b'],
    ],
  );
});

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`E${at}`, '']));
const command = (change: NonNullable<Order['command']>): Order => ({ command: { argv: ['true'], ...change } });
const unknownEnum = 99 as 0;

const bad: [field: string, change: Order][] = [
  ['order.id', { id: '' }],
  ['order.id', { id: '../../etc/passwd' }],
  ['order.id', { id: 'A'.repeat(32) }],
  ['order.command', { command: null }],
  ['order.command.argv', command({ argv: [] })],
  ['order.command.argv', command({ argv: Array<string>(4097).fill('x') })],
  ['order.command.argv', command({ argv: ['x'.repeat(131_072)] })],
  ['order.command.argv', command({ argv: ['a', 'b'], shell: true })],
  ['order.command.argv', command({ argv: [], shell: true })],
  ['order.command.argv[0]', command({ argv: [''] })],
  ['order.command.argv[2]', command({ argv: ['a', 'b', 'c\0d'] })],
  ['order.command.env', command({ env: many(1001) })],
  ['order.command.env', command({ env: { A: 'x'.repeat(131_072) } })],
  ['order.command.env["A"]', command({ env: { A: 'x\0' } })],
  ['order.command.env[""]', command({ env: { '': 'x' } })],
  ['order.command.env["A=B"]', command({ env: { 'A=B': 'x' } })],
  ['order.command.env["1A"]', command({ env: { '1A': 'x' } })],
  ['order.command.env["MUSTER_JOB"]', command({ env: { MUSTER_JOB: 'x' } })],
  ['order.command.working_directory', command({ workingDirectory: 'srv' })],
  ['order.command.working_directory', command({ workingDirectory: '/a\0b' })],
  ['order.command.working_directory', command({ workingDirectory: `/${'x'.repeat(4095)}` })],
  ['order.command.run_as', command({ runAs: '-u root' })],
  ['order.command.run_as', command({ runAs: 'a b' })],
  ['order.command.run_as', command({ runAs: 'x'.repeat(33) })],
  ['order.command.containment', command({ containment: unknownEnum })],
  ['order.plan_root', { planRoot: Buffer.alloc(31) }],
  ['order.plan_count', { planCount: 0 }],
  ['order.plan_count', { planCount: 100_001 }],
  ['order.selector', { selector: `a=${'b'.repeat(4096)}` }],
  ['order.selector', { selector: 'a in (' }],
  ['order.stdin_digest', { stdinBytes: 1 }],
  ['order.stdin_digest', { stdinBytes: 1, stdinDigest: Buffer.alloc(20) }],
  ['order.stdin_bytes', { stdinDigest: root }],
  ['order.stdin_bytes', { stdinDigest: root, stdinBytes: 16 * 1024 ** 2 + 1 }],
  ['order.limits.timeout_ms', { limits: { timeoutMs: 30 * day + 1 } }],
  ['order.limits.timeout_ms', { limits: { timeoutMs: '18446744073709551615' } }],
  ['order.limits.grace_ms', { limits: { graceMs: 600_001 } }],
  ['order.limits.output_bound_bytes', { limits: { outputBoundBytes: 1000 } }],
  ['order.limits.output_bound_bytes', { limits: { outputBoundBytes: '9007199254740993' } }],
  ['order.limits.output_policy', { limits: { outputPolicy: unknownEnum } }],
  ['order.rollout.max_concurrency', { rollout: { maxConcurrency: {} } }],
  ['order.rollout.max_concurrency.count', { rollout: { maxConcurrency: { count: 0 } } }],
  ['order.rollout.max_concurrency.percent', { rollout: { maxConcurrency: { percent: 0 } } }],
  ['order.rollout.max_concurrency.percent', { rollout: { maxConcurrency: { percent: 101 } } }],
  ['order.rollout.max_errors.percent', { rollout: { maxErrors: { percent: 101 } } }],
  ['order.retries.max_attempts', { retries: { maxAttempts: 2 } }],
  ['order.expires_unix_ms', { expiresUnixMs: 0 }],
  ['order.expires_unix_ms', { expiresUnixMs: -1 }],
  ['order.expires_unix_ms', { expiresUnixMs: now }],
  ['order.expires_unix_ms', { expiresUnixMs: now + 30 * day + 1 }],
  ['order.expires_unix_ms', { expiresUnixMs: '9223372036854775807' }],
  ['order.created_unix_ms', { createdUnixMs: -1 }],
  ['order.delivery_deadline_unix_ms', { deliveryDeadlineUnixMs: now + day + 1 }],
  ['order.delivery_deadline_unix_ms', { deliveryDeadlineUnixMs: -1 }],
  ['order.not_before_unix_ms', { notBeforeUnixMs: now + day }],
  ['order.not_before_unix_ms', { notBeforeUnixMs: now + 2, deliveryDeadlineUnixMs: now + 1 }],
  ['order.job_deadline_unix_ms', { jobDeadlineUnixMs: now + 1 }],
  ['order.job_deadline_unix_ms', { jobDeadlineUnixMs: now + 40 * day }],
];

test('every bound has an error that names its field', () => {
  assert.equal(reread({}).planCount, 10);
  for (const [index, [field, change]] of bad.entries()) {
    assert.throws(
      () => reread(change),
      (error) => error instanceof MusterError && error.field === field && error.message.startsWith(`${field}: `),
      `${index}: ${field}`,
    );
  }
});

test('the greatest values allowed are allowed', () => {
  const changes: Order[] = [
    command({ argv: Array<string>(4096).fill('x') }),
    command({ argv: ['x'.repeat(131_071)] }),
    command({ env: many(1000) }),
    command({ runAs: '65534' }),
    { planCount: 100_000 },
    { limits: { timeoutMs: 30 * day, graceMs: 600_000, outputBoundBytes: 64 * 1024 } },
    { expiresUnixMs: now + 30 * day },
    { retries: { maxAttempts: 1 } },
    { stdinDigest: root, stdinBytes: 16 * 1024 ** 2 },
    { rollout: { maxConcurrency: { percent: 1 }, maxErrors: { percent: 0 } } },
  ];
  for (const change of changes) reread(change);
});

test('an order that is too large, empty or garbage is refused as a whole', () => {
  assert.throws(() => decodeOrder(Buffer.alloc(0)), { field: 'order', message: 'order: is required' });
  assert.throws(() => decodeOrder(Buffer.alloc(524_289)), { field: 'order', message: /at most 524288/ });
  assert.throws(() => decodeOrder(Buffer.from('ffffffff', 'hex')), { field: 'order', reason: 'INVALID_FIELD' });
});

test('a client that builds one with an argv of 10 MB is told about its argv', () => {
  const argv = ['echo', 'x'.repeat(10 * 1024 ** 2)];
  assert.throws(() => buildOrder({ ...input, command: { argv } }), { field: 'order.command.argv' });
  assert.throws(() => buildOrder({ ...input, command: { argv: ['true'], env: many(10_001) } }), {
    field: 'order.command.env',
    message: /10001 entries/,
  });
});

test('any bytes are an order or an error that names a field under order', () => {
  const bytes = orders.encode(good);
  const flipped = fc
    .array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((flips) => {
      const copy = Buffer.from(bytes);
      for (const [at, value] of flips) copy[at] = value;
      return copy;
    });
  const random = fc.uint8Array({ minLength: 1, maxLength: 80 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(fc.oneof(flipped, random), (some) => {
      try {
        decodeOrder(some);
      } catch (error) {
        assert.ok(error instanceof MusterError, String(error));
        assert.match(error.field ?? '', /^order/);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what was decoded shares no memory with the bytes it came from', () => {
  const bytes = orders.encode({ ...good, stdinDigest: root, stdinBytes: 3 });
  const order = decodeOrder(bytes);
  bytes.fill(0);
  assert.deepEqual(order.planRoot, root);
  assert.deepEqual(order.stdin?.digest, root);
});

test('an order that has expired, or is good for too long from now, is refused by who takes it in', () => {
  const order = reread({ deliveryDeadlineUnixMs: now + 1000 });
  checkTimes(order, now);
  assert.throws(() => checkTimes(order, now + 1000), { field: 'order.delivery_deadline_unix_ms' });
  assert.throws(() => checkTimes(order, now + day), { field: 'order.expires_unix_ms' });
  const undated = reread({ createdUnixMs: 0, expiresUnixMs: now + 31 * day });
  assert.throws(() => checkTimes(undated, now), { field: 'order.expires_unix_ms' });
  checkTimes(undated, now + day);
});
