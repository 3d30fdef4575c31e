import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';
import { muster } from '../../harness/muster.ts';

const plane = new FakeControlPlane([
  { name: 'web-1', labels: { role: 'web' } },
  { name: 'web-2', labels: { role: 'web' } },
  { name: 'web-3', labels: { role: 'web' } },
  { name: 'db-1', labels: { role: 'db' }, connected: false },
]);
before(() => plane.start());
after(() => plane[Symbol.asyncDispose]());

const on = (...args: string[]) => muster(args, { server: plane.address });

test('nodes lists all pages, and those of a selector', async () => {
  const [table, names, some] = await Promise.all([
    on('nodes'),
    on('nodes', '-o', 'name'),
    on('nodes', 'list', '-l', 'role=db', '-o', 'json'),
  ]);
  assert.match(table?.stdout ?? '', /^NODE +STATUS .*LABELS\n/);
  assert.match(table?.stdout ?? '', /^db-1 +away .*role=db$/m);
  assert.equal(names?.stdout, 'web-1\nweb-2\nweb-3\ndb-1\n');
  assert.deepEqual(
    (JSON.parse(some?.stdout ?? '') as { node: string }[]).map(({ node }) => node),
    ['db-1'],
  );
});

test('nodes show tells everything of one', async () => {
  const { stdout } = await on('nodes', 'show', 'web-1');
  assert.match(stdout, /^Node: +web-1$/m);
  assert.match(stdout, /^Labels:\n {2}role=web\nFacts:\n {2}os=linux$/m);
  const { status, stderr } = await on('nodes', 'show', 'nobody');
  assert.equal(status, 3);
  assert.match(stderr, /no node nobody/);
});

test('labels are set and removed as in kubectl', async () => {
  const { status, stdout } = await on('nodes', 'label', 'web-2', 'zone=b', 'role-', 'url=a=b');
  assert.equal(status, 0);
  assert.equal(stdout, 'web-2 url=a=b,zone=b\n');
  assert.deepEqual(plane.nodes.find(({ name }) => name === 'web-2')?.labels, { zone: 'b', url: 'a=b' });
});

test('a label named __proto__ goes over the wire as what it is', async () => {
  await on('nodes', 'label', 'web-3', '__proto__=x');
  const { request } = plane.requests.findLast(({ method }) => method === 'SetLabels') as { request: { set: object } };
  assert.ok(Object.getOwnPropertyNames(request.set).includes('__proto__') || Object.keys(request.set).length === 0);
});

test('what is no change of a label is a usage error naming the word', async () => {
  for (const word of ['zone', '=x', '-']) {
    const { status, stderr } = await on('nodes', 'label', 'web-1', '--', word);
    assert.equal(status, 2, stderr);
    assert.ok(stderr.includes(JSON.stringify(word)), stderr);
  }
  assert.equal((await on('nodes', 'label', 'web-1', 'a=b', 'a-')).status, 2);
});

test('cordon, uncordon and remove do what they say, and remove refuses a node with a session', async () => {
  assert.equal((await on('nodes', 'cordon', 'web-1')).stdout, 'web-1 cordoned\n');
  assert.equal(plane.nodes[0]?.cordoned, true);
  assert.equal((await on('nodes', 'uncordon', 'web-1')).status, 0);
  assert.equal(plane.nodes[0]?.cordoned, false);
  const refused = await on('nodes', 'remove', 'web-1');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /stop its agent first/);
  assert.equal((await on('nodes', 'remove', 'db-1')).stdout, 'db-1 removed\n');
  assert.ok(!plane.nodes.some(({ name }) => name === 'db-1'));
});

test('completion offers commands, flags, choices, job ids and node names', async () => {
  const of = async (...words: string[]): Promise<string[]> =>
    (await on('__complete', ...words)).stdout.trimEnd().split('\n');
  assert.ok((await of('')).includes('run'));
  assert.ok(!(await of('')).includes('__complete'));
  assert.ok((await of('nodes', '')).includes('cordon'));
  assert.ok((await of('run', '--')).includes('--max-errors'));
  assert.deepEqual(await of('run', '-o', ''), ['table', 'wide', 'json', 'jsonl', 'yaml', 'name']);
  assert.ok((await of('run', '--node', '')).includes('web-1'));
  assert.ok((await of('nodes', 'show', '')).includes('web-2'));
  const id = (await on('run', '--node', 'web-1', '--detach', '--', 'true')).stdout.trim();
  assert.ok((await of('watch', '')).includes(id));
  assert.deepEqual(await of('run', '--', 'x'), ['']);
});
