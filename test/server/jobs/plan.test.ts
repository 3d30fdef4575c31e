import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from '../../../server/fleet/directory.ts';
import { plan } from '../../../server/jobs/plan.ts';
import type { NodeUid } from '../../../shared/ids.ts';

const uidOf = (n: number): NodeUid => n.toString(16).padStart(32, '0') as NodeUid;
const rest = { facts: {}, version: '1', registeredUnixMs: 1, lastSeenUnixMs: 1 };

function directory(): Directory {
  const nodes = new Directory();
  for (const [n, name] of ['web-10', 'web-2', 'web-1', 'db-1'].entries()) {
    nodes.upsert({
      ...rest,
      uid: uidOf(n),
      name,
      labels: { role: name.split('-')[0] ?? '' },
      cordoned: name === 'web-1',
    });
  }
  nodes.setPresence(uidOf(1), { replica: 'a', epoch: { era: 1, revision: 1 } });
  return nodes;
}

test('a selector gives its nodes in natural order, without the cordoned ones', () => {
  assert.deepEqual(plan(directory(), { selector: 'role=web' }), [
    { uid: uidOf(1), name: 'web-2', connected: true },
    { uid: uidOf(0), name: 'web-10', connected: false },
  ]);
});

test('names and uids give their nodes in the order given, none twice', () => {
  const nodes = ['web-10', 'db-1', uidOf(0), 'web-10'];
  assert.deepEqual(
    plan(directory(), { nodes }).map(({ name }) => name),
    ['web-10', 'db-1'],
  );
});

test('nothing asked for, nothing found and both at once are errors of their own', () => {
  for (const target of [null, {}, { selector: '', nodes: [] }, { selector: ' ' }]) {
    assert.throws(() => plan(directory(), target), { reason: 'SELECTOR_EMPTY', field: 'target.selector' });
  }
  assert.throws(() => plan(directory(), { selector: 'role=mail' }), {
    reason: 'NO_NODE_MATCHED',
    field: 'target.selector',
  });
  assert.throws(() => plan(directory(), { selector: 'role=web,!x,role!=y', nodes: ['db-1'] }), { field: 'target' });
  assert.throws(() => plan(directory(), { selector: 'role in' }), {
    reason: 'SELECTOR_INVALID',
    field: 'target.selector',
  });
});

test('unknown names are all named, and the field is the first one', () => {
  assert.throws(() => plan(directory(), { nodes: ['db-1', 'nope', '../x'] }), {
    reason: 'UNKNOWN_NODE',
    field: 'target.nodes[1]',
    message: 'no node is called "nope", "../x"',
  });
  const names = Array.from({ length: 12 }, (_, n) => `n${n}`);
  assert.throws(() => plan(directory(), { nodes: names }), { message: /"n9" and 2 more$/ });
});

test('a cordoned node is left out by a selector that says so, and refused by name', () => {
  const nodes = directory();
  assert.throws(() => plan(nodes, { nodes: ['db-1', 'web-1'] }), { reason: 'INVALID_FIELD', field: 'target.nodes[1]' });
  for (const uid of [uidOf(0), uidOf(1)]) {
    const node = nodes.get(uid);
    if (node) nodes.upsert({ ...node, cordoned: true });
  }
  assert.throws(() => plan(nodes, { selector: 'role=web' }), {
    reason: 'NO_NODE_MATCHED',
    message: 'no node matches "role=web"; 3 would, but cordoned',
  });
});

test('more than 10,000 names are refused', () => {
  const nodes = Array<string>(10_001).fill('db-1');
  assert.throws(() => plan(directory(), { nodes }), { reason: 'INVALID_FIELD', field: 'target.nodes' });
  assert.equal(plan(directory(), { nodes: nodes.slice(1) }).length, 1);
});
