import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cycles, directionProblems, importsOf } from '../../../tools/check/layers.ts';

const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));

test('imports are read in every form, and nothing else is taken for one', () => {
  const source = [
    "import { a } from './a.ts';",
    "import type { B } from '../b.ts';",
    'import {',
    '  c,',
    "} from './c.ts';",
    "import './d.ts';",
    "export { e } from './e.ts';",
    "const f = await import('./f.ts');",
    "import { join } from 'node:path';",
    "export const root = join(import.meta.dirname, '../..');",
    "// import { g } from './g.ts';",
  ].join('\n');
  const found = importsOf('server/jobs/x.ts', source);
  assert.deepEqual(
    found,
    ['a', '../b', 'c', 'd', 'e', 'f'].map((name) => (name === '../b' ? 'server/b.ts' : `server/jobs/${name}.ts`)),
  );
});

test('imports that go down the list, to shared and to proto are fine', () => {
  const fine = graph({
    'server/main.ts': ['server/replica.ts', 'server/settings.ts'],
    'server/replica.ts': ['server/api/job-service.ts', 'server/store/etcd/driver.ts'],
    'server/jobs/coordinator.ts': ['server/jobs/run/results.ts', 'server/fleet/directory.ts', 'shared/ids.ts'],
    'agent/main.ts': ['agent/spool/spool.ts', 'shared/log.ts', 'proto/gen/muster/v1/Order.ts'],
    'test/agent/main.test.ts': ['agent/main.ts', 'server/main.ts', 'tools/check.ts'],
    'faults/main.ts': [
      'faults/cases.ts',
      'bench/harness/stats.ts',
      'test/harness/etcd.ts',
      'server/main.ts',
      'cli/main.ts',
    ],
    'shared/log.ts': [],
  });
  assert.deepEqual(directionProblems(fine), []);
});

test('an import that goes up or across is named with its reason', () => {
  const wrong = graph({
    'server/store/keys.ts': ['server/fleet/session.ts'],
    'server/fleet/session.ts': ['server/replica.ts'],
    'server/wings/x.ts': ['server/store/keys.ts'],
    'agent/main.ts': ['server/store/keys.ts'],
    'cli/main.ts': ['agent/main.ts'],
    'shared/log.ts': ['agent/main.ts'],
    'server/api/x.ts': ['test/server/fake.ts'],
    'cli/x.ts': ['../outside.ts'],
    'server/jobs/y.ts': ['faults/cases.ts'],
  });
  const problems = directionProblems(wrong);
  assert.equal(problems.length, 9, problems.join('\n'));
  assert.match(problems[0] ?? '', /server\/store\/keys.ts imports server\/fleet\/session.ts: upward/);
  assert.match(problems[1] ?? '', /upward: the top of server\//);
  assert.match(problems[2] ?? '', /server\/wings\/ is not in the list/);
});

test('a circle is found whole, also a file that imports itself', () => {
  const circle = graph({ 'a.ts': ['b.ts'], 'b.ts': ['c.ts'], 'c.ts': ['b.ts', 'd.ts'], 'd.ts': [], 'e.ts': ['e.ts'] });
  assert.deepEqual(cycles(circle), [
    ['b.ts', 'c.ts', 'b.ts'],
    ['e.ts', 'e.ts'],
  ]);
  assert.deepEqual(cycles(graph({ 'a.ts': ['b.ts', 'c.ts'], 'b.ts': ['c.ts'], 'c.ts': [] })), []);
});
