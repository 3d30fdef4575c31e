import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { median, pairedRatios, spread } from '../../bench/harness/stats.ts';

test('the median is the middle value, or the mean of the two in the middle, whatever their order', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([10, 2, 4, 1]), 3);
  assert.equal(median([7]), 7);
});

test('a spread lies around its median, and numbers are compared as numbers', () => {
  assert.deepEqual(spread([100, 9, 20, 3, 1]), { median: 9, min: 1, max: 100 });
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
      const { min, median: middle, max } = spread(values);
      return min <= middle && middle <= max && values.includes(min) && values.includes(max);
    }),
  );
});

test('ratios are taken pair by pair, so that a machine at half its speed changes none', () => {
  assert.deepEqual(pairedRatios([2, 4, 30], [1, 2, 15]), [2, 2, 2]);
});

test('figures without values or without pairs are refused', () => {
  assert.throws(() => median([]), RangeError);
  assert.throws(() => spread([]), RangeError);
  assert.throws(() => pairedRatios([1, 2], [1]), RangeError);
});
