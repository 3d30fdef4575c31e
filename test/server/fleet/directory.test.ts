import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Directory, type DirectoryChange } from '../../../server/fleet/directory.ts';
import type { InventoryNode } from '../../../server/fleet/inventory.ts';
import type { NodeUid } from '../../../shared/ids.ts';
import { compareNatural } from '../../../shared/natural-order.ts';
import { parseSelector } from '../../../shared/selector/parse.ts';
import { everything, matches } from '../../../shared/selector/selector.ts';

const uidOf = (n: number): NodeUid => n.toString(16).padStart(32, '0') as NodeUid;
const nodeOf = (n: number, change: Partial<InventoryNode> = {}): InventoryNode => ({
  uid: uidOf(n),
  name: `node-${n}`,
  labels: {},
  facts: {},
  cordoned: false,
  version: '1',
  registeredUnixMs: 1,
  lastSeenUnixMs: 1,
  ...change,
});
const presence = { replica: 'a', epoch: { era: 1, revision: 5 } };
const namesOf = (nodes: readonly { name: string }[]): string[] => nodes.map(({ name }) => name);

test('nodes come in natural order', () => {
  const directory = new Directory();
  const names = ['web-10', 'web-2', 'web-02', 'web', 'a.b', 'web-2a', 'a-b', '10', '9', 'web-2-1', 'web-1234567890'];
  for (const [n, name] of names.entries()) directory.upsert(nodeOf(n, { name }));
  const sorted = ['9', '10', 'a-b', 'a.b', 'web', 'web-02', 'web-2', 'web-2-1', 'web-2a', 'web-10', 'web-1234567890'];
  assert.deepEqual(namesOf(directory.select(everything)), sorted);
  assert.deepEqual(names.toSorted(compareNatural), sorted);
});

const selectors = [
  'a=1',
  'a in (1,2),b',
  'a!=1',
  '!a',
  'b,a=2',
  'a notin (1,2)',
  'c',
  'fact/os=x',
  'a=1,b=1',
  'a=9',
  'a in (1,9)',
];
const entries = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2', '3'));
const event = fc.record({ n: fc.nat(14), kind: fc.nat(9), labels: entries, rename: fc.nat(30) });

test('whatever came and went, the index finds exactly what looking at every node finds', () => {
  const events = fc.array(event, { minLength: 5, maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(events, fc.constantFrom(...selectors), (all, text) => {
      const directory = new Directory();
      const model = new Map<NodeUid, InventoryNode>();
      for (const { n, kind, labels, rename } of all) {
        const node = nodeOf(n, {
          labels,
          facts: rename % 2 ? { os: 'x' } : {},
          name: `node-${kind === 9 ? n + 100 : n}`,
        });
        if (kind === 0) {
          directory.remove(node.uid);
          model.delete(node.uid);
        } else if (kind === 1) directory.setPresence(node.uid, rename % 2 ? presence : undefined);
        else {
          directory.upsert(node);
          model.set(node.uid, node);
        }
        if (kind === 2) directory.select(everything);
      }
      const selector = parseSelector(text);
      const expected = [...model.values()]
        .filter((node) => matches(selector, node))
        .sort((a, b) => compareNatural(a.name, b.name));
      assert.deepEqual(namesOf(directory.select(selector)), namesOf(expected));
      assert.equal(directory.size, model.size);
      for (const node of model.values()) assert.equal(directory.find(node.name)?.uid, node.uid);
    }),
    { numRuns: 400 },
  );
});

test('a node is found by its uid or its name, and no name can stand in for a uid', () => {
  const directory = new Directory();
  directory.upsert(nodeOf(1));
  directory.upsert(nodeOf(2, { name: uidOf(1) }));
  assert.equal(directory.find('node-1')?.uid, uidOf(1));
  assert.equal(directory.find(uidOf(1))?.uid, uidOf(1));
  assert.equal(directory.find('node-9'), undefined);
  assert.equal(directory.find('__proto__'), undefined);
  directory.remove(uidOf(1));
  assert.equal(directory.find('node-1'), undefined);
});

test('a name that went to another node stays with it when the old one goes', () => {
  const directory = new Directory();
  directory.upsert(nodeOf(1, { name: 'web' }));
  directory.upsert(nodeOf(2, { name: 'web' }));
  directory.remove(uidOf(1));
  assert.equal(directory.find('web')?.uid, uidOf(2));
});

test('a presence may come before its node and stays through changes of the node', () => {
  const directory = new Directory();
  directory.setPresence(uidOf(1), presence);
  assert.equal(directory.connected, 0);
  directory.upsert(nodeOf(1));
  assert.deepEqual(directory.get(uidOf(1))?.presence, presence);
  directory.upsert(nodeOf(1, { cordoned: true }));
  assert.deepEqual(directory.get(uidOf(1))?.presence, presence);
  assert.equal(directory.connected, 1);
  directory.setPresence(uidOf(1), undefined);
  assert.equal(directory.get(uidOf(1))?.presence, undefined);
});

test('listeners are told every change with what was and what is, until they leave', () => {
  const directory = new Directory();
  const seen: [string | undefined, string | undefined][] = [];
  const told = ({ before, after }: DirectoryChange) => {
    seen.push([
      before && `${before.name} ${before.presence?.replica}`,
      after && `${after.name} ${after.presence?.replica}`,
    ]);
  };
  const leave = directory.subscribe(told);
  directory.upsert(nodeOf(1));
  directory.setPresence(uidOf(1), undefined);
  directory.setPresence(uidOf(1), presence);
  directory.setPresence(uidOf(7), presence);
  directory.remove(uidOf(1));
  directory.remove(uidOf(1));
  leave();
  directory.upsert(nodeOf(1));
  assert.deepEqual(seen, [
    [undefined, 'node-1 undefined'],
    ['node-1 undefined', 'node-1 a'],
    ['node-1 a', undefined],
  ]);
});
