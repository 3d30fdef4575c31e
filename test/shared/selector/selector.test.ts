import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MusterError } from '../../../shared/errors.ts';
import { parseSelector } from '../../../shared/selector/parse.ts';
import { matches, printSelector, type Requirement } from '../../../shared/selector/selector.ts';

const keys = ['role', 'in', 'notin', 'example.com/tier', 'A.b-c_d'];
const values = ['', 'web', 'in', 'notin', 'a.b-c', '7', '12'];
const factNames = ['os', 'disk/sda', 'in'];
const factValues = [
  '',
  'Debian GNU/Linux 12 (bookworm)',
  '"quoted\\"',
  'a,b',
  '=!<>',
  'x\u00a0y',
  '-5',
  '100',
  'plain',
];

const oneOf = (all: readonly string[]) => fc.constantFrom(...all);
const someOf = (all: readonly string[]) =>
  fc.uniqueArray(oneOf(all), { minLength: 1, maxLength: 4 }).map((some) => some.sort());

function requirementOf(
  source: 'label' | 'fact',
  names: readonly string[],
  all: readonly string[],
): fc.Arbitrary<Requirement> {
  return fc
    .record({
      name: oneOf(names),
      kind: fc.nat(5),
      values: someOf(all),
      bound: fc.oneof(fc.constantFrom('7', '12', '100', '-5'), fc.integer().map(String)),
    })
    .map(({ name, kind, values: some, bound }): Requirement => {
      const operators = ['exists', 'absent', 'in', 'notin', 'above', 'below'] as const;
      const operator = operators[kind] as (typeof operators)[number];
      if (operator === 'exists' || operator === 'absent') return { source, name, operator };
      if (operator === 'in' || operator === 'notin') return { source, name, operator, values: some };
      return { source, name, operator, bound };
    });
}

const requirement = fc.oneof(requirementOf('label', keys, values), requirementOf('fact', factNames, factValues));
const selector = fc.array(requirement, { minLength: 1, maxLength: 5 }).map((requirements) => ({ requirements }));
const mapOf = (names: readonly string[], all: readonly string[]) =>
  fc.array(fc.tuple(oneOf(names), oneOf(all)), { maxLength: 4 }).map((entries) => new Map(entries));
const attributes = fc.record({ labels: mapOf(keys, values), facts: mapOf(factNames, factValues) });

/** Written from the words of the Kubernetes documentation, one filter after the other. */
type Maps = { labels: ReadonlyMap<string, string>; facts: ReadonlyMap<string, string> };

function naive({ requirements }: { requirements: readonly Requirement[] }, { labels, facts }: Maps): boolean {
  for (const wanted of requirements) {
    const all = Object.fromEntries(wanted.source === 'fact' ? facts : labels);
    const has = Object.keys(all).includes(wanted.name);
    const value = all[wanted.name] as string;
    const isNumber = has && /^-?\d+$/.test(value);
    if (wanted.operator === 'exists' && !has) return false;
    if (wanted.operator === 'absent' && has) return false;
    if (wanted.operator === 'in' && !(has && wanted.values.some((one) => one === value))) return false;
    if (wanted.operator === 'notin' && has && wanted.values.some((one) => one === value)) return false;
    if (wanted.operator === 'above' && !(isNumber && Number(value) > Number(wanted.bound))) return false;
    if (wanted.operator === 'below' && !(isNumber && Number(value) < Number(wanted.bound))) return false;
  }
  return true;
}

test('what is printed parses back to the same selector', () => {
  fc.assert(
    fc.property(selector, (one) => {
      assert.deepEqual(parseSelector(printSelector(one)), one);
    }),
    { numRuns: 500 },
  );
});

test('a selector matches exactly what a naive reading of it matches', () => {
  fc.assert(
    fc.property(selector, attributes, (one, node) => {
      assert.equal(matches(one, node), naive(one, node));
      const records = { labels: Object.fromEntries(node.labels), facts: Object.fromEntries(node.facts) };
      assert.equal(matches(one, records), naive(one, node));
    }),
    { numRuns: 2000 },
  );
});

test('what a record inherits is no label', () => {
  assert.equal(matches(parseSelector('constructor'), { labels: {}, facts: {} }), false);
  assert.equal(matches(parseSelector('!toString'), { labels: {}, facts: {} }), true);
});

test('any text either parses, and then its print is stable, or is refused with a position', () => {
  const pieces = [
    'a',
    'in',
    'notin',
    '(',
    ')',
    ',',
    '=',
    '!=',
    '==',
    '!',
    '>',
    '<',
    '"x y"',
    '"',
    '\\',
    ' ',
    'fact/os',
    '7',
    'é',
  ];
  const text = fc.oneof(
    fc.string(),
    fc.array(oneOf(pieces), { maxLength: 9 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (one) => {
      let printed: string;
      try {
        printed = printSelector(parseSelector(one));
      } catch (error) {
        assert.ok(error instanceof MusterError, String(error));
        assert.equal(error.field, 'selector');
        assert.match(error.reason, /^SELECTOR_(EMPTY|INVALID)$/);
        if (error.reason === 'SELECTOR_INVALID') assert.match(error.message, /^selector: at character \d+: /);
        return;
      }
      assert.equal(printSelector(parseSelector(printed)), printed);
    }),
    { numRuns: 3000 },
  );
});

test('every Kubernetes form is read, with or without spaces, in its canonical print', () => {
  const cases = {
    ' a = b ': 'a=b',
    'a==b': 'a=b',
    'a!=b,c': 'a!=b,c',
    'x in (b, a,b)': 'x in (a,b)',
    'x notin(a)': 'x!=a',
    'x in (,a)': 'x in (,a)',
    'x in (,)': 'x=',
    'a=,b': 'a=,b',
    '! a': '!a',
    in: 'in',
    'in in (in)': 'in=in',
    'example.com/a>5,b<-3': 'example.com/a>5,b<-3',
    'fact/os="Debian \\"12\\""': 'fact/os="Debian \\"12\\""',
    'fact/arch="x64"': 'fact/arch=x64',
  };
  for (const [text, printed] of Object.entries(cases)) assert.equal(printSelector(parseSelector(text)), printed, text);
});

test('an error says where it is, what was found and what was expected', () => {
  const cases = {
    'a b': 'at character 3: found "b" where one of = == != > <, "in", "notin", "," or the end was expected',
    'a=b,': 'at character 5: found the end where a key or "!" was expected',
    ',a': 'at character 1: found "," where a key or "!" was expected',
    'a in ()': 'at character 7: found ")" where at least one value was expected',
    'a in x': 'at character 6: found "x" where "(" was expected',
    'a in (x': 'at character 8: found the end where "," or ")" was expected',
    'a=b c': 'at character 5: found "c" where "," or the end was expected',
    'a>b': 'at character 3: found "b" where a whole number of at most 18 digits was expected',
    'fact/os="x': 'at character 9: found a quote that is never closed where a value was expected',
    'a=-b':
      'at character 3: "-b" is no value: a value is letters, digits, - _ and ., and begins and ends with a letter or digit',
    'A.com/x':
      'at character 1: "A.com/x" is no key: the prefix before / is a DNS name: lower-case letters, digits, - and .',
    '__proto__=x':
      'at character 1: "__proto__" is no key: a name is letters, digits, - _ and ., and begins and ends with a letter or digit',
  };
  for (const [text, message] of Object.entries(cases)) {
    assert.throws(() => parseSelector(text, 'target.selector'), {
      reason: 'SELECTOR_INVALID',
      field: 'target.selector',
      message: `target.selector: ${message}`,
    });
  }
});

test('an empty selector and one that is too long are refused', () => {
  for (const text of ['', '  ', '\n']) assert.throws(() => parseSelector(text), { reason: 'SELECTOR_EMPTY' });
  const long = `a in (${'x,'.repeat(2045)}x)`;
  assert.equal(long.length, 4098);
  assert.throws(() => parseSelector(long), { reason: 'SELECTOR_INVALID', message: /is 4098 characters long/ });
});
