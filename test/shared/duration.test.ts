import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { approximateBytes, formatBytes, parseBytes } from '../../shared/bytes.ts';
import { formatDuration, parseDuration } from '../../shared/duration.ts';

test('durations are read in every unit, as sums and as fractions', () => {
  const cases = {
    '3000ms': 3000,
    '5s': 5000,
    '2m': 120_000,
    '1h': 3_600_000,
    '7d': 604_800_000,
    '1h30m': 5_400_000,
    '1.5h': 5_400_000,
    '0': 0,
    '0.5ms': 1,
  };
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
});

test('what is no duration is undefined, never a guess', () => {
  for (const text of [
    '',
    '5',
    '-5s',
    '5 s',
    '5S',
    's',
    '1.s',
    '.5s',
    '1e3s',
    '5s,',
    'NaNs',
    '∞',
    '9999999999999999d',
  ]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test('a formatted duration reads back as itself', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)));
  assert.equal(formatDuration(5_400_000), '1h30m');
  assert.equal(formatDuration(0), '0s');
});

test('sizes are read in binary units only', () => {
  const cases = { '64KiB': 65_536, '2GiB': 2_147_483_648, '1.5MiB': 1_572_864, '512B': 512, '512': 512, '0': 0 };
  for (const [text, bytes] of Object.entries(cases)) assert.equal(parseBytes(text), bytes, text);
  for (const text of ['', '64KB', '64k', '-1B', '1 KiB', '0.3B', '99999999TiB', 'KiB']) {
    assert.equal(parseBytes(text), undefined, text);
  }
});

test('a formatted size reads back as itself, and people get three digits', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => assert.equal(parseBytes(formatBytes(bytes)), bytes)));
  assert.equal(formatBytes(65_536), '64KiB');
  assert.equal(formatBytes(0), '0B');
  assert.deepEqual([812, 1_468_006, 65_536, 1023.9 * 1024].map(approximateBytes), [
    '812 B',
    '1.4 MiB',
    '64 KiB',
    '1024 KiB',
  ]);
});
