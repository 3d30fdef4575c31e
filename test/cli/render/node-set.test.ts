import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeSet } from '../../../cli/render/node-set.ts';

/** Unfolds `web-[1-3,5].eu,db-1`; names in these tests have no brackets or commas. */
function unfold(text: string): string[] {
  return text.split(/,(?![^[]*\])/).flatMap((part) => {
    const match = /^(.*?)\[(.*)\](.*)$/.exec(part);
    if (match === null) return [part];
    const [, head = '', ranges = '', tail = ''] = match;
    return ranges.split(',').flatMap((range) => {
      const [from = '', to = from] = range.split('-');
      const width = from.startsWith('0') ? from.length : 0;
      const count = Number(to) - Number(from) + 1;
      return Array.from(
        { length: count },
        (_, at) => `${head}${String(Number(from) + at).padStart(width, '0')}${tail}`,
      );
    });
  });
}

test('numbered names fold to ranges, others stay as they are', () => {
  assert.equal(nodeSet(['web-3', 'web-1', 'web-2', 'web-5', 'db-1']), 'db-1,web-[1-3,5]');
  assert.equal(nodeSet(['web-9', 'web-10', 'web-11']), 'web-[9-11]');
  assert.equal(nodeSet(['web-01', 'web-02', 'web-1']), 'web-1,web-[01-02]');
  assert.equal(nodeSet(['n1.eu', 'n2.eu', 'n1.us']), 'n1.us,n[1-2].eu');
  assert.equal(nodeSet(['alpha', 'beta']), 'alpha,beta');
});

test('unfolding a folded set gives exactly the names that went in', () => {
  const name = fc
    .tuple(
      fc.constantFrom('web-', 'db', 'n', 'x-1-'),
      fc.oneof(
        fc.nat({ max: 30 }).map(String),
        fc.nat({ max: 30 }).map((n) => String(n).padStart(3, '0')),
        fc.constant(''),
      ),
      fc.constantFrom('', 'a', '.eu', '-x.example.com'),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 60 }), (names) => {
      assert.deepEqual(unfold(nodeSet(names)).sort(), [...names].sort());
    }),
  );
});
