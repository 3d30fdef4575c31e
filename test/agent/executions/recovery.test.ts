import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type RecoveryView, recoveryStep } from '../../../agent/executions/recovery.ts';

const view = fc.record<RecoveryView>({
  explained: fc.boolean(),
  starting: fc.option(fc.record({ sameBoot: fc.boolean() }), { nil: undefined }),
  lost: fc.nat(4),
  supervisorAlive: fc.boolean(),
  started: fc.boolean(),
  exited: fc.boolean(),
  ending: fc.option(fc.constantFrom('cancel', 'timeout', 'output-bound'), { nil: undefined }),
  late: fc.boolean(),
});

describe('recovery rules', () => {
  test('nothing is started that may have begun', () => {
    fc.assert(
      fc.property(view, (view) => {
        if (recoveryStep(view).step !== 'start') return;
        assert.ok(view.explained && !view.started && !view.exited && !view.late && view.ending === undefined);
        assert.ok(view.lost < 3);
        assert.ok(view.starting === undefined || (view.starting.sameBoot && !view.supervisorAlive));
      }),
    );
  });

  test('a complete exit is the result, whatever else there is', () => {
    fc.assert(fc.property(view, (view) => assert.equal(recoveryStep({ ...view, exited: true }).step, 'settle')));
  });

  test('what the journal does not explain is interrupted', () => {
    fc.assert(
      fc.property(view, (view) => {
        const step = recoveryStep({ ...view, explained: false, exited: false });
        assert.deepEqual(step, { step: 'interrupt', reason: 'journal' });
      }),
    );
  });

  const received: RecoveryView = {
    explained: true,
    starting: undefined,
    lost: 0,
    supervisorAlive: false,
    started: false,
    exited: false,
    ending: undefined,
    late: false,
  };
  const begun: RecoveryView = { ...received, starting: { sameBoot: true } };
  const cases: [string, RecoveryView, ReturnType<typeof recoveryStep>][] = [
    ['received only: it starts', received, { step: 'start' }],
    [
      'another boot: INTERRUPTED(reboot)',
      { ...begun, starting: { sameBoot: false } },
      { step: 'interrupt', reason: 'reboot' },
    ],
    ['supervisor alive: it is watched', { ...begun, supervisorAlive: true, ending: 'cancel' }, { step: 'watch' }],
    ['supervisor gone before `started`: another one', begun, { step: 'start' }],
    ['and cancelled: CANCELLED', { ...begun, ending: 'cancel' }, { step: 'end', end: 'cancelled' }],
    ['and late: EXPIRED', { ...begun, late: true }, { step: 'end', end: 'expired' }],
    ['cancelled and late: CANCELLED', { ...received, ending: 'cancel', late: true }, { step: 'end', end: 'cancelled' }],
    ['the third one: FAILED(spawn)', { ...begun, lost: 3 }, { step: 'end', end: 'lost' }],
    [
      'supervisor gone after `started`: INTERRUPTED',
      { ...begun, started: true },
      { step: 'interrupt', reason: 'supervisor' },
    ],
    [
      '`started` without STARTING: INTERRUPTED(journal)',
      { ...received, started: true },
      { step: 'interrupt', reason: 'journal' },
    ],
  ];
  for (const [title, given, expected] of cases) test(title, () => assert.deepEqual(recoveryStep(given), expected));
});
