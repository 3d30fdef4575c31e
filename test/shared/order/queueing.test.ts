import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MusterError } from '../../../shared/errors.ts';
import { validLane, validLatestKey } from '../../../shared/order/queueing.ts';
import { buildOrder, decodeOrder, type OrderInput } from '../../../shared/order.ts';

const input: OrderInput = {
  command: { argv: ['true'] },
  plan: { root: Buffer.alloc(32, 7), count: 1 },
  createdUnixMs: 1_700_000_000_000,
};

const field = (action: () => unknown): string | undefined => {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MusterError, String(error));
    assert.equal(error.reason, 'INVALID_FIELD');
    return error.field;
  }
  return assert.fail('it was taken');
};

test('a lane without a number is one at a time, and no lane is none', () => {
  assert.deepEqual(validLane({ name: 'apt' }, 'lane'), { name: 'apt', concurrency: 1 });
  assert.deepEqual(validLane({ name: 'apt', concurrency: 0 }, 'lane'), { name: 'apt', concurrency: 1 });
  assert.equal(validLane(null, 'lane'), undefined);
});

test('lane and latest key come back from the order’s bytes as they were said', () => {
  const { order, bytes } = buildOrder({
    ...input,
    latestKey: 'nightly/apt',
    lane: { name: 'apt.upgrade', concurrency: 3 },
  });
  assert.equal(order.latestKey, 'nightly/apt');
  assert.deepEqual(order.lane, { name: 'apt.upgrade', concurrency: 3 });
  assert.deepEqual(decodeOrder(bytes), order);
});

test('the name of a lane is required where there is a lane, and the number of it has bounds', () => {
  assert.equal(
    field(() => buildOrder({ ...input, lane: { concurrency: 2 } })),
    'order.lane.name',
  );
  for (const concurrency of [1001, -1, 1.5]) {
    assert.equal(
      field(() => validLane({ name: 'apt', concurrency }, 'order.lane')),
      'order.lane.concurrency',
    );
  }
});

test('a name of 128 allowed characters is taken; one more, or another character, is refused', () => {
  const allowed = [...'abcXYZ019._/-'];
  const name = fc.string({ unit: fc.constantFrom(...allowed), minLength: 1, maxLength: 128 });
  fc.assert(
    fc.property(name, (text) => {
      assert.equal(validLatestKey(text, 'key'), text);
      assert.equal(validLane({ name: text }, 'lane')?.name, text);
    }),
  );
  fc.assert(
    fc.property(name, fc.nat(127), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (text, at, wrong) => {
      fc.pre(!/^[A-Za-z0-9._/-]$/.test(wrong));
      const spoiled = text.slice(0, at) + wrong + text.slice(at);
      assert.equal(
        field(() => validLatestKey(spoiled, 'order.latest_key')),
        'order.latest_key',
      );
      assert.equal(
        field(() => validLane({ name: spoiled }, 'order.lane')),
        'order.lane.name',
      );
    }),
  );
  assert.equal(
    field(() => validLatestKey('a'.repeat(129), 'order.latest_key')),
    'order.latest_key',
  );
  assert.equal(validLatestKey('', 'order.latest_key'), '');
});
