import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outlived } from '../../../server/leader/latest-marks.ts';
import { keys } from '../../../server/store/keys.ts';
import { newJobId } from '../../../shared/ids.ts';

test('a mark goes only where its job is closed and no older job of its key is open', () => {
  const drawn = fc.array(fc.record({ latestKey: fc.constantFrom('a', 'b c'), open: fc.boolean() }), { maxLength: 12 });
  fc.assert(
    fc.property(drawn, (jobs) => {
      const marks = jobs.map(({ latestKey, open }, index) => {
        const job = newJobId();
        return { key: keys.latest(latestKey, job), job, createRevision: index + 1, open };
      });
      const expected = marks.filter(
        (_, index) =>
          !jobs[index]?.open &&
          !jobs.slice(0, index).some(({ latestKey, open }) => open && latestKey === jobs[index]?.latestKey),
      );
      assert.deepEqual(outlived(marks), expected);
    }),
  );
});
