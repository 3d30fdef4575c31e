import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServerRotation } from '../../../agent/server-rotation.ts';

const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 });

test('every round has every server once, and none comes twice running where there are more', () => {
  fc.assert(
    fc.property(
      names,
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (servers, randoms) => {
        const rotation = new ServerRotation(servers, () => randoms.next().value);
        const dialled = Array.from({ length: servers.length * 4 }, () => rotation.next());
        for (let at = 0; at < dialled.length; at += servers.length) {
          assert.deepEqual(new Set(dialled.slice(at, at + servers.length)), new Set(servers));
        }
        if (servers.length > 1) for (const [at, name] of dialled.entries()) assert.notEqual(name, dialled[at + 1]);
      },
    ),
  );
});

test('the order is random', () => {
  const firsts = new Set(Array.from({ length: 200 }, () => new ServerRotation(['a', 'b', 'c'], Math.random).next()));
  assert.equal(firsts.size, 3);
});

test('no server at all is an error', () => {
  assert.throws(() => new ServerRotation([], Math.random), /no server/);
});
