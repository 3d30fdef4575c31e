// The crash matrix of DESIGN and docs/recovery.md: who is killed exactly where, and what must come of it. MUSTER_CRASH_REPEAT=50
// does each case so often.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Failpoint, failpoints } from '../../../agent/failpoints.ts';
import { crashAt, isExplained, type Outcome, type Victim } from './crash-case.ts';
import { allGone, removeAll } from './rig.ts';

const repeat = Number(process.env.MUSTER_CRASH_REPEAT ?? 1);
/** A killed drain is a gap at most, wherever: the command and its end notice nothing. */
const drains = { drain: 'result', drains: 'result' } as const;

/** What comes of a command that exits 3. */
const table: Record<Failpoint, Partial<Record<Victim, Outcome>>> = {
  received: { agent: 'result', reboot: 'result', ...drains },
  accepted: { agent: 'result', reboot: 'result', ...drains },
  gate: { agent: 'result', supervisor: 'result', both: 'result', reboot: 'result', ...drains },
  starting: { agent: 'result', supervisor: 'result', both: 'result', reboot: 'INTERRUPTED', ...drains },
  'gate-read': { agent: 'result', supervisor: 'result', both: 'result', reboot: 'INTERRUPTED', ...drains },
  started: { agent: 'result', supervisor: 'INTERRUPTED', both: 'INTERRUPTED', reboot: 'INTERRUPTED', ...drains },
  ended: { agent: 'result', supervisor: 'INTERRUPTED', both: 'INTERRUPTED', reboot: 'INTERRUPTED', ...drains },
  exit: { agent: 'result', supervisor: 'result', both: 'result', reboot: 'result', ...drains },
  journaled: { agent: 'result', both: 'result', reboot: 'result', ...drains },
};

describe(`killed at each of the nine points, ${repeat} times each`, { concurrency: 2 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-matrix-'));
  const hits = new Map<string, number>();
  after(async () => {
    await allGone(dir);
    await removeAll(dir);
    process.stdout.write(`hits: ${[...hits].map(([point, count]) => `${point} ${count}`).join(', ')}\n`);
  });

  for (const [failpoint, column] of Object.entries(table) as [Failpoint, (typeof table)[Failpoint]][]) {
    for (const [victim, expected] of Object.entries(column) as [Victim, Outcome][]) {
      for (const containment of victim === 'both' ? ['cgroup', 'marker'] : ['auto']) {
        test(`${victim} at ${failpoint} (${containment}): ${expected}, and no second start`, async () => {
          for (let time = 0; time < repeat; time++) {
            const killed = await crashAt({ dir, failpoint, victim, expected, containment });
            hits.set(failpoint, (hits.get(failpoint) ?? 0) + 1);
            hits.set(`${victim} killed`, (hits.get(`${victim} killed`) ?? 0) + killed);
          }
        });
      }
    }
  }

  test('the table has every point once, and nine of them', () => {
    assert.deepEqual(Object.keys(table), Object.keys(failpoints));
    assert.equal(Object.keys(table).length, 9);
  });

  test('the drains were there to be killed', () => {
    assert.ok((hits.get('drain killed') ?? 0) >= 9 * repeat);
    assert.ok((hits.get('drains killed') ?? 0) >= 9 * repeat);
  });

  test('output counts as explained only where what is missing is missing at a gap', () => {
    const whole = 'line 1\nline 2\nline 3\n';
    for (const pieces of [[whole], [null, 'line 2\nline 3\n'], ['line 1\n', null], ['line', null, '3\n'], [null]])
      assert.ok(isExplained(pieces, whole), JSON.stringify(pieces));
    for (const pieces of [[], ['line 1\n'], ['line 1\n', null, 'line 2\n'], ['line 2\nline 3\n'], [null, 'x']])
      assert.ok(!isExplained(pieces, whole), JSON.stringify(pieces));
  });
});
