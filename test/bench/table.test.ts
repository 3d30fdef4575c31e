import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  atLeastTimesRaw,
  atMost,
  atMostRawPlus,
  atMostTimesRaw,
  type Budget,
  summarize,
} from '../../bench/harness/line.ts';
import { figure, renderTable } from '../../bench/harness/table.ts';
import { replaceMeasured } from '../../bench/report.ts';

test('a line shows both medians with their spreads, the median of the ratios and the verdict', () => {
  const lines = [
    {
      what: 'orders',
      unit: 'ms',
      raw: [10, 20, 40],
      muster: [15, 60, 60],
      budget: atMostTimesRaw(1.4),
      note: 'simulated',
    },
    { what: 'commits', unit: 'commits', muster: [5, 7, 6] },
  ];
  assert.deepEqual(
    renderTable(lines)
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ').replace(/-+/g, '-')),
    [
      '| what | raw: median (spread) | Muster: median (spread) | ratio | budget | met? |',
      '| - | - | - | - | - | - |',
      '| orders, ms [1] | 20.0 (10.0..40.0) | 60.0 (15.0..60.0) | 1.50 | ≤ 1.4 × raw | **no** |',
      '| commits, commits | – | 6.00 (5.00..7.00) | – | – | – |',
      '',
      '1. simulated',
      '',
    ],
  );
});

test('lines with the same note share its number', () => {
  const line = { what: 'a', unit: 'ms', muster: [1], note: 'same' };
  const table = renderTable([line, { ...line, what: 'b' }, { ...line, what: 'c', note: 'other' }]);
  assert.match(table, /a, ms \[1\][\s\S]*b, ms \[1\][\s\S]*c, ms \[2\]/);
  assert.equal(table.match(/^\d\. /gm)?.length, 2);
});

test('figures have three digits that count', () => {
  const texts = [0, 0.001234, 0.5, 1, 9.999, 45.67, 123.4, 1234, 65_432].map(figure);
  assert.deepEqual(texts, ['0', '0.00123', '0.500', '1.00', '10.0', '45.7', '123', '1,230', '65,400']);
});

test('each kind of budget is kept at its limit and broken just beyond it', () => {
  const kept = (budget: Budget, raw: number[], muster: number[]) => budget.met(summarize({ raw, muster }));
  assert.deepEqual([kept(atMostTimesRaw(1.5), [2], [3]), kept(atMostTimesRaw(1.5), [2], [3.1])], [true, false]);
  assert.deepEqual([kept(atLeastTimesRaw(0.5), [4], [2]), kept(atLeastTimesRaw(0.5), [4], [1.9])], [true, false]);
  assert.deepEqual(
    [kept(atMostRawPlus(12, 'KiB'), [30], [42]), kept(atMostRawPlus(12, 'KiB'), [30], [43])],
    [true, false],
  );
  assert.deepEqual([kept(atMost(4, '%'), [1], [4]), kept(atMost(4, '%'), [1], [4.1])], [true, false]);
});

test('a budget beside the raw cost is not met where there is no raw cost', () => {
  const summary = summarize({ muster: [1] });
  for (const budget of [atMostTimesRaw(2), atLeastTimesRaw(0.1), atMostRawPlus(12, 'KiB')]) {
    assert.equal(budget.met(summary), false);
  }
});

test('the measured table replaces what stands between the marks of the document, again and again', () => {
  const marks = [
    '<!-- measured: written by `npm run bench -- --write-docs`, not by hand -->',
    '<!-- end of measured -->',
  ];
  const text = `before\n${marks.join('\nold\n')}\nafter\n`;
  const once = replaceMeasured(text, 'new');
  assert.ok(
    once.startsWith('before\n') && once.endsWith('\nafter\n') && once.includes('\nnew\n') && !once.includes('old'),
  );
  assert.equal(replaceMeasured(once, 'new'), once);
  assert.throws(() => replaceMeasured('no marks', 'new'), /lacks the marks/);
});
