import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldEqual } from '../../../cli/render/fold-equal.ts';

const outputs = fc
  .uniqueArray(fc.nat({ max: 200 }), { maxLength: 80 })
  .chain((numbers) =>
    fc.tuple(...numbers.map((n) => fc.constantFrom('a', 'b', 'c').map((key) => ({ node: `n${n}`, key })))),
  );

test('every node is in exactly one group, that of its key', () => {
  fc.assert(
    fc.property(outputs, (given) => {
      const groups = foldEqual(given);
      const found = groups.flatMap(({ key, nodes }) => nodes.map((node) => ({ node, key })));
      const sorted = (list: readonly { node: string }[]) => [...list].sort((a, b) => (a.node < b.node ? -1 : 1));
      assert.deepEqual(sorted(found), sorted(given));
      assert.equal(new Set(groups.map(({ key }) => key)).size, groups.length);
    }),
  );
});

test('the rarest output comes first, and the order of arrival changes nothing', () => {
  fc.assert(
    fc.property(outputs, (given) => {
      const groups = foldEqual(given);
      const sizes = groups.map(({ nodes }) => nodes.length);
      assert.deepEqual(
        sizes,
        [...sizes].sort((a, b) => a - b),
      );
      assert.deepEqual(foldEqual([...given].reverse()), groups);
    }),
  );
});
