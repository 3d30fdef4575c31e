import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBytes, formatDurationMs, parseBytes, parseDurationMs } from '../../shared/quantity.ts';

test('durations and sizes are read with their unit', () => {
  const durations = ['3000ms', '5s', '1.5s', '2m', '1h', '7d', '0'].map(parseDurationMs);
  assert.deepEqual(durations, [3000, 5000, 1500, 120_000, 3_600_000, 604_800_000, 0]);
  assert.deepEqual(['512B', '64KiB', '1.5MiB', '2GiB', '0'].map(parseBytes), [512, 65_536, 1_572_864, 2 ** 31, 0]);
});

test('a number without a unit, a sign, another unit or too large a number is no quantity', () => {
  for (const text of ['', '5', '-5s', '5 s', '5S', 's', '1e3s', '5y', '99999999999999999d']) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
  for (const text of ['', '5', '-5B', '5KB', '5k', '1..5KiB']) assert.equal(parseBytes(text), undefined, text);
});

test('what was formatted reads back as the same value', () => {
  fc.assert(fc.property(fc.nat(2 ** 40), (value) => parseDurationMs(formatDurationMs(value)) === value));
  fc.assert(fc.property(fc.nat(2 ** 40), (value) => parseBytes(formatBytes(value)) === value));
});
