import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateFacts, validateLabels } from '../../../shared/selector/labels.ts';

test('labels follow the rules of Kubernetes', () => {
  const good = { role: 'web', 'example.com/tier': '', 'A.b_c-d': 'x'.repeat(63), ['k'.repeat(63)]: '1' };
  assert.deepEqual(Object.fromEntries(validateLabels(good)), good);
  assert.deepEqual(validateLabels(new Map([['a', 'b']])), new Map([['a', 'b']]));
  const bad = [
    '',
    '-a',
    'a-',
    'a b',
    '/a',
    'a/',
    'a/b/c',
    'UPPER.com/a',
    'k'.repeat(64),
    `${'p'.repeat(254)}/a`,
    'fact/os',
    '../x',
  ];
  for (const key of bad) {
    const error = { reason: 'INVALID_FIELD', field: `set[${JSON.stringify(key.slice(0, 64))}]` };
    assert.throws(() => validateLabels({ [key]: 'x' }, 'set'), error, key);
  }
  for (const value of ['-', 'a b', 'x'.repeat(64), 'ü', 'a\n']) {
    assert.throws(() => validateLabels({ role: value }), { reason: 'INVALID_FIELD', field: 'labels["role"]' }, value);
  }
});

test('a label named __proto__ is refused and pollutes nothing', () => {
  const labels = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
  assert.throws(() => validateLabels(labels), { reason: 'INVALID_FIELD', field: 'labels["__proto__"]' });
  assert.deepEqual(
    [...validateLabels({ constructor: 'x', toString: 'y' })],
    [
      ['constructor', 'x'],
      ['toString', 'y'],
    ],
  );
  assert.equal(({} as Record<string, unknown>).x, undefined);
});

test('at most 64 labels and 128 facts are taken', () => {
  const many = (count: number) => new Map(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));
  assert.equal(validateLabels(many(64)).size, 64);
  assert.throws(() => validateLabels(many(65)), { reason: 'INVALID_FIELD', field: 'labels' });
  assert.equal(validateFacts(many(128)).size, 128);
  assert.throws(() => validateFacts(many(129)), { reason: 'INVALID_FIELD', field: 'facts' });
});

test('a fact holds any text a selector can write', () => {
  assert.equal(validateFacts({ os: 'Debian GNU/Linux 12 "bookworm"' }).get('os'), 'Debian GNU/Linux 12 "bookworm"');
  assert.equal(validateFacts({ 'disk/sda.size': '9' }).size, 1);
  assert.throws(() => validateFacts({ ['x'.repeat(129)]: '9' }), /longer than 128/);
  assert.throws(() => validateFacts({ os: 'a\u0000b' }), { field: 'facts["os"]' });
  assert.throws(() => validateFacts({ os: 'x'.repeat(1025) }), { field: 'facts["os"]' });
  assert.throws(() => validateFacts({ 'a/': 'x' }), { field: 'facts["a/"]' });
});
