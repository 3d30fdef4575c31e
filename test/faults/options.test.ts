import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFaultOptions } from '../../faults/options.ts';

const parse = (...argv: string[]) => parseFaultOptions(argv, ['replica-kill', 'random'], () => 42);

test('without flags the short set runs with a seed that is drawn', () => {
  const options = parse();
  assert.deepEqual([options.cases, options.seed, options.seeds, options.full], [[], 42, 1, false]);
});

test('the full set has three seeds, unless told otherwise', () => {
  assert.equal(parse('--full').seeds, 3);
  assert.equal(parse('--full', '--seeds', '20').seeds, 20);
});

test('two cases of the short set run at once; those whose figures count run alone', () => {
  assert.deepEqual([parse().atOnce, parse('--full').atOnce, parse('--soak', '1m').atOnce], [2, 1, 1]);
  assert.equal(parse('--full', '--at-once', '3').atOnce, 3);
});

test('a seed replays a case', () => {
  const options = parse('--case', 'replica-kill,random', '--seed', '7');
  assert.deepEqual([options.cases, options.seed], [['replica-kill', 'random'], 7]);
});

test('a soak is the case random, for so long', () => {
  const options = parse('--soak', '10m');
  assert.deepEqual([options.cases, options.soakMs], [['random'], 600_000]);
  assert.throws(() => parse('--soak', '10m', '--case', 'replica-kill'), /--soak/);
});

test('what is wrong is named', () => {
  assert.throws(() => parse('--case', 'nothing'), /--case: no case nothing; there are replica-kill, random/);
  assert.throws(() => parse('--seed', 'x'), /--seed: x is not a whole number/);
  assert.throws(() => parse('--seeds', '0'), /--seeds/);
  assert.throws(() => parse('--short', '--full'), /one of the two/);
  assert.throws(() => parse('--soak', 'soon'), /--soak: soon/);
});
