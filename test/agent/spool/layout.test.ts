import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layoutAt, padOffset, type SpoolEntry, spoolLayout } from '../../../agent/spool/layout.ts';

const segmentBytes = 1000;
const name = (base: number, n: number): string => `out.${padOffset(base + n * segmentBytes)}`;
const layoutOf = (entries: SpoolEntry[], keepsHead = false) => spoolLayout(entries, { stream: 'out', keepsHead });

/** What drains may leave: runs, each with whole segments and a last one, some runs' first segments dropped. */
const runs = fc.array(
  fc.record({
    whole: fc.nat(4),
    lastBytes: fc.integer({ min: 1, max: segmentBytes }),
    lostBefore: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5000 })),
  }),
  { maxLength: 6 },
);

function entriesOf(made: readonly { whole: number; lastBytes: number; lostBefore: number }[]) {
  const entries: SpoolEntry[] = [];
  let end = 0;
  for (const { whole, lastBytes, lostBefore } of made) {
    const base = end + lostBefore;
    for (let n = 0; n < whole; n++) entries.push({ name: name(base, n), sizeBytes: segmentBytes });
    entries.push({ name: name(base, whole), sizeBytes: lastBytes });
    end = base + whole * segmentBytes + lastBytes;
  }
  return { entries, end };
}

test('segments and gaps cover everything from 0 to the end once, in order, whatever was dropped and in whatever order it is listed', () => {
  fc.assert(
    fc.property(
      runs,
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.boolean(),
      fc.nat(),
      (made, dropped, keepsHead, turn) => {
        const { entries, end } = entriesOf(made);
        const kept = entries.filter((_, at) => dropped[at] !== true || at === entries.length - 1);
        const listed = [...kept.slice(turn % (kept.length + 1)), ...kept.slice(0, turn % (kept.length + 1))];
        const layout = layoutOf(listed, keepsHead);
        assert.equal(layout.end, end);
        assert.deepEqual(
          layout.segments.map((segment) => segment.name),
          kept.map((entry) => entry.name),
        );
        const parts = [...layout.segments, ...layout.gaps.filter((gap) => gap.until > gap.from)].sort(
          (a, b) => a.from - b.from,
        );
        let at = 0;
        for (const part of parts) {
          assert.equal(part.from, at);
          at = part.until;
        }
        assert.equal(at, end);
      },
    ),
  );
});

test('a reader that goes step by step meets every segment and every gap', () => {
  fc.assert(
    fc.property(runs, (made) => {
      const { entries, end } = entriesOf(made);
      const layout = layoutOf(entries);
      const met: string[] = [];
      let told: number | undefined;
      let at = 0;
      for (;;) {
        const found = layoutAt(layout, at, told);
        if (found === undefined) break;
        if ('reason' in found) {
          met.push(`gap ${found.from} ${found.until}`);
          told = found.from === found.until ? at : told;
        } else met.push(found.name);
        at = found.until;
      }
      assert.equal(at, end);
      assert.equal(met.length, layout.segments.length + layout.gaps.length);
    }),
  );
});

test('segments that touch are one stream, unless a mark says that bytes were lost there', () => {
  const touching = [
    { name: name(0, 0), sizeBytes: 10 },
    { name: name(10, 0), sizeBytes: 5 },
  ];
  assert.deepEqual(layoutOf(touching).gaps, []);
  const killed = { name: `out.killed.${padOffset(10)}`, sizeBytes: 0 };
  assert.deepEqual(layoutOf([...touching, killed]).gaps, [{ from: 10, until: 10, reason: 'drain-killed' }]);
});

test('each kind of hole has its reason', () => {
  const first = { name: name(0, 0), sizeBytes: segmentBytes };
  const third = { name: name(0, 2), sizeBytes: segmentBytes };
  const mark = (text: string): SpoolEntry => ({ name: `out.${text}`, sizeBytes: 0 });
  const reasons = (entries: SpoolEntry[], keepsHead = false) =>
    layoutOf(entries, keepsHead).gaps.map((gap) => gap.reason);
  assert.deepEqual(reasons([third]), ['bound']);
  assert.deepEqual(reasons([first, third]), ['corrupt']);
  assert.deepEqual(reasons([first, third], true), ['bound']);
  assert.deepEqual(reasons([first, third, mark(`full.${padOffset(1000)}.${padOffset(2000)}`)]), ['disk-full']);
  assert.deepEqual(reasons([first, third, mark(`killed.${padOffset(1000)}`)]), ['drain-killed']);
  assert.deepEqual(layoutOf([first, mark(`full.${padOffset(1000)}.${padOffset(1500)}`)]).end, 1500);
});

test('names that are none of a stream are passed over', () => {
  const strange = ['out.fifo', 'err.0000000000000000', 'out.1', 'out.0000000000000000.tmp', '__proto__'];
  assert.deepEqual(layoutOf(strange.map((each) => ({ name: each, sizeBytes: 7 }))), {
    segments: [],
    gaps: [],
    end: 0,
    drained: false,
  });
});
