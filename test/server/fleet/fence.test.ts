import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareEpochs } from '../../../server/fleet/epoch.ts';
import { fence } from '../../../server/fleet/fence.ts';

const epoch = fc.record({ era: fc.integer({ min: 1, max: 3 }), revision: fc.integer({ min: 1, max: 6 }) });
const written = fc.integer({ min: 1, max: 5 });
const later = fc.integer({ min: 6, max: 9 });

test('of two replicas that hold a node, the lower epoch yields where it sees the other’s, the higher one claims again', () => {
  fc.assert(
    fc.property(epoch, epoch, written, later, (ours, theirs, revision, seenAt) => {
      const held = { replica: 'a', epoch: ours, revision };
      const seen = { presence: { replica: 'b', epoch: theirs }, revision: seenAt };
      assert.equal(fence(held, seen), compareEpochs(theirs, ours) >= 0 ? 'yield' : 'claim-again');
    }),
  );
});

test('what is older than our own last write changes nothing, whatever it says', () => {
  const presence = fc.option(fc.record({ replica: fc.constantFrom('a', 'b'), epoch }), { nil: undefined });
  fc.assert(
    fc.property(epoch, presence, later, written, (ours, other, revision, seenAt) => {
      assert.equal(fence({ replica: 'a', epoch: ours, revision }, { presence: other, revision: seenAt }), 'keep');
    }),
  );
});

test('our own presence is never yielded to: gone or lowered it is claimed again, ours is noted, a newer one awaited', () => {
  fc.assert(
    fc.property(epoch, epoch, written, later, (ours, own, revision, seenAt) => {
      const held = { replica: 'a', epoch: ours, revision };
      assert.equal(fence(held, { presence: undefined, revision: seenAt }), 'claim-again');
      const order = compareEpochs(own, ours);
      const expected = order === 0 ? 'note' : order < 0 ? 'claim-again' : 'keep';
      assert.equal(fence(held, { presence: { replica: 'a', epoch: own }, revision: seenAt }), expected);
    }),
  );
});
