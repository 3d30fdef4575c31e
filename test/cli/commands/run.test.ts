import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { jsonlFields } from '../../../cli/render/jsonl.ts';
import { MusterError } from '../../../shared/errors.ts';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';
import { muster } from '../../harness/muster.ts';

const web = { role: 'web' };
const plane = new FakeControlPlane([
  { name: 'web-1', labels: web },
  { name: 'web-2', labels: web },
  { name: 'web-3', labels: web },
  { name: 'db-1', labels: { role: 'db' } },
  { name: 'away-1', labels: { role: 'away' }, connected: false },
]);
before(() => plane.start());
after(() => plane[Symbol.asyncDispose]());

const run = (...args: string[]) => muster(['run', ...args], { server: plane.address });
const sh = (script: string): string[] => ['--', 'sh', '-c', script];

test('lines come with the name of their node, stdout and stderr apart, and a summary', async () => {
  const { status, stdout, stderr } = await run('-l', 'role=web', ...sh('echo out; echo err >&2'));
  assert.equal(status, 0);
  assert.deepEqual(stdout.trimEnd().split('\n').sort(), ['web-1: out', 'web-2: out', 'web-3: out']);
  assert.match(stderr, /^web-2: err$/m);
  assert.match(stderr, /^3 succeeded of 3 in .* · job [0-9a-f]{32}$/m);
});

test('the exit status says how it went', async () => {
  const table: [string[], number][] = [
    [['-l', 'role=web', ...sh('test $MUSTER_NODE != web-2')], 1],
    [['-l', 'role=web', '--timeout', '200ms', '--', 'sleep', '30'], 124],
    [['-l', 'role=none', '--', 'true'], 3],
    [['-l', ' ', '--', 'true'], 2],
    [['--', 'true'], 2],
    [['--node', 'web-1,web-2', ...sh('test $MUSTER_NODE = web-1 || exit 4')], 1],
    [['--node', 'web-1,web-2', '--exit-of-command', ...sh('test $MUSTER_NODE = web-1 || exit 4')], 4],
    [['--node', 'web-1', ...sh('exit 7')], 7],
    [['--node', 'web-1', ...sh('kill -TERM $$')], 143],
    [['--node', 'web-1', '--timeout', '200ms', '--', 'sleep', '30'], 124],
    [['--node', 'web-1', '--', '/no/such/program'], 255],
    [['--node', 'nobody', '--', 'true'], 255],
  ];
  const found = await Promise.all(table.map(([args]) => run(...args)));
  for (const [at, { status, stderr }] of found.entries()) {
    assert.equal(status, table[at]?.[1], `${table[at]?.[0].join(' ')}: ${stderr}`);
  }
});

test('a control plane that does not answer is 5, and 255 where the status is the command’s own', async () => {
  const nowhere = { server: '127.0.0.1:1' };
  const [all, one] = await Promise.all([
    muster(['run', '-l', 'role=web', '--', 'true'], nowhere),
    muster(['run', '--node', 'web-1', '--', 'true'], nowhere),
  ]);
  assert.equal(all.status, 5);
  assert.match(all.stderr, /muster: 127\.0\.0\.1:1: .*ECONNREFUSED/);
  assert.equal(one.status, 255);
});

test('undetermined is 6, and failures of an agent or of nobody reached have their own words', async () => {
  const ended = run('-l', 'role=away', '--', 'true');
  await plane.until(() => [...plane.jobs.values()].some(({ executions }) => executions[0]?.node.name === 'away-1'));
  const job = [...plane.jobs.values()].find(({ executions }) => executions[0]?.node.name === 'away-1');
  const execution = job?.executions[0];
  assert.ok(execution);
  execution.undetermined = true;
  plane.changed();
  const { status, stderr } = await ended;
  assert.equal(status, 6);
  assert.match(
    stderr,
    /^muster: away-1 is away \(1 of 1\): its command waits until \d{4}-\d\d-\d\d \d\d:\d\dZ \(1d\) /m,
  );
  assert.match(stderr, /^away-1 \(1\): undetermined/m);
});

test('of one node all byte values pass to a pipe unchanged, in both directions', async () => {
  const bytes = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
  const options = { server: plane.address, stdin: bytes };
  const { status, stdoutBytes, stderr } = await muster(
    ['run', '--node', 'web-1', '--stdin', '-', '--', 'cat'],
    options,
  );
  assert.equal(status, 0, stderr);
  assert.ok(stdoutBytes.equals(bytes));
  assert.equal(stderr, '');
});

test('--fold shows equal outputs once, the rarest first', async () => {
  const { stdout } = await run('-l', 'role=web', '--fold', ...sh('test $MUSTER_NODE = web-2 && echo odd || echo same'));
  const rule = '-'.repeat(15);
  const expected = [rule, 'web-2 (1)', rule, 'odd', rule, 'web-[1,3] (2)', rule, 'same', ''];
  assert.equal(stdout, expected.join('\n'));
});

test('the end of stderr stands beside a failure only where stderr is not shown anyway', async () => {
  const args = ['-l', 'role=web', ...sh('echo why >&2; exit 3')];
  const [live, folded, table] = await Promise.all([run(...args), run('--fold', ...args), run('-o', 'table', ...args)]);
  const count = (text: string): number => text.split('why').length - 1;
  assert.deepEqual(
    [live, folded, table].map((one) => count(one?.stderr ?? '')),
    [3, 1, 1],
  );
});

test('--outdir has a file a node and stream, and a summary', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'muster-outdir-'));
  try {
    const dir = join(parent, 'new');
    const { status, stdout } = await run(
      '-l',
      'role=web',
      '--outdir',
      dir,
      ...sh('echo $MUSTER_NODE; echo e >&2; exit 3'),
    );
    assert.equal(status, 1);
    assert.equal(stdout, '');
    const names = ['web-1', 'web-2', 'web-3'].flatMap((node) => [`${node}.stderr`, `${node}.stdout`]);
    assert.deepEqual((await readdir(dir)).sort(), ['summary.json', ...names].sort());
    assert.equal(await readFile(join(dir, 'web-2.stdout'), 'utf8'), 'web-2\n');
    const summary = JSON.parse(await readFile(join(dir, 'summary.json'), 'utf8')) as {
      executions: { node: string; state: string; result: { exitCode: number } }[];
    };
    assert.deepEqual(
      summary.executions.map(({ node, state, result }) => [node, state, result.exitCode]),
      ['web-1', 'web-2', 'web-3'].map((node) => [node, 'FAILED', 3]),
    );
  } finally {
    await rm(parent, { recursive: true });
  }
});

test('each format gives what its reader can parse', async () => {
  const args = ['-l', 'role=web', ...sh('echo hi')];
  const [json, yaml, jsonl, table, name] = await Promise.all(
    ['json', 'yaml', 'jsonl', 'table', 'name'].map((format) => run('-o', format, ...args)),
  );
  const document = JSON.parse(json?.stdout ?? '') as { job: { state: string }; executions: object[] };
  assert.equal(document.job.state, 'CLOSED');
  assert.equal(document.executions.length, 3);
  assert.equal((parse(yaml?.stdout ?? '') as typeof document).executions.length, 3);
  assert.match(table?.stdout ?? '', /^NODE +STATE +EXIT +DURATION\nweb-1 +SUCCEEDED +0 /);
  assert.match(name?.stdout ?? '', /^[0-9a-f]{32}\n$/);
  const records = (jsonl?.stdout ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: keyof typeof jsonlFields });
  for (const record of records) assert.deepEqual(Object.keys(record), jsonlFields[record.type]);
  assert.equal(records.at(-1)?.type, 'summary');
});

test('--dry-run shows the plan and submits nothing', async () => {
  const before = plane.jobs.size;
  const { status, stdout } = await run('-l', 'role=web', '--dry-run', '--', 'true');
  assert.equal(status, 0);
  assert.match(stdout, /^web-3 +yes$/m);
  assert.match(stdout, /would run on 3: web-\[1-3\]/);
  assert.equal(plane.jobs.size, before);
});

test('--detach prints the id, which watch takes up and wait waits for', async () => {
  const { status, stdout } = await run('-l', 'role=web', '--detach', ...sh('echo late; exit 1'));
  assert.equal(status, 0);
  const id = stdout.trim();
  const [watch, wait] = await Promise.all(
    ['watch', 'wait'].map((command) => muster([command, id], { server: plane.address })),
  );
  assert.equal(watch?.status, 1);
  assert.match(watch?.stdout ?? '', /^web-1: late$/m);
  assert.equal(wait?.status, 1);
  assert.equal(wait?.stdout, '');
  assert.match(wait?.stderr ?? '', /web-\[1-3\] \(3\): failed: exit code 1/);
});

test('an unavailable store is waited for, a final refusal is not', async () => {
  plane.failNext('Submit', new MusterError('STORE_UNAVAILABLE', 'the store is away'));
  assert.equal((await run('-l', 'role=web', '--', 'true')).status, 0);
  plane.failNext('Submit', new MusterError('INVALID_FIELD', 'order.command.argv[3]: has a NUL byte'));
  const { status, stderr } = await run('-l', 'role=web', '--', 'true');
  assert.equal(status, 2);
  assert.match(stderr, /order\.command\.argv\[3\]/);
});

test('a reader that goes away ends the client, not the job', async () => {
  const { MusterProcess } = await import('../../harness/muster.ts');
  const id = '2'.repeat(32);
  const script = 'echo first; while sleep 0.05; do echo more; done';
  const process = new MusterProcess(['run', '--node', 'web-1', '--id', id, ...sh(script)], { server: plane.address });
  await process.until('stdout', 'first');
  process.child.stdout?.destroy();
  const { status, stderr } = await process.ended;
  assert.equal(status, 141);
  assert.match(stderr, new RegExp(`muster watch ${id}`));
  assert.equal(plane.jobs.get(id)?.closedUnixMs, 0);
});

test('NO_COLOR and a pipe both mean no colours', async () => {
  const { stdout, stderr } = await run('-l', 'role=web', ...sh('echo x; echo y >&2; exit 1'));
  assert.ok(!stdout.includes('\x1b') && !stderr.includes('\x1b'));
});
