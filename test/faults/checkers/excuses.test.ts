import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOutput } from '../../../faults/checkers/output.ts';
import { checkStarts } from '../../../faults/checkers/starts.ts';
import { checkStates } from '../../../faults/checkers/states.ts';
import type { HistoryEvent } from '../../../faults/history/event.ts';
import { changed, executions, sha256, soundHistory, textOf } from './sound-history.ts';

const [first] = executions;
const killed = (kind: string, target: string): HistoryEvent => ({ at: 0, type: 'fault', kind, target, window: '' });

/** The first execution, on `node-0`, ended for want of its supervisor. */
const interrupted = (): HistoryEvent[] => {
  const into = <Told extends { readonly execution: string }>(told: Told): Told =>
    told.execution === first && 'end' in told
      ? { ...told, state: 'EXECUTION_STATE_INTERRUPTED', end: { ...(told.end as object), exitCode: undefined } }
      : told;
  const told = changed(soundHistory(), 'execution', (event) => [into(event)]);
  return changed(told, 'listed', (event) => [{ ...event, executions: event.executions.map(into) }]);
};

test('a killed supervisor excuses INTERRUPTED on its own node', () => {
  assert.deepEqual(checkStates([killed('kill-supervisor', 'node-0'), ...interrupted()]), []);
});

test('a later kill takes no excuse away', () => {
  const kill = killed('kill-supervisor', 'node-0');
  assert.deepEqual(checkStates([kill, ...interrupted(), kill]), []);
});

test('it excuses nothing on another node, and nothing that was over', () => {
  for (const history of [
    interrupted(),
    [killed('kill-supervisor', 'node-1'), ...interrupted()],
    [...interrupted(), killed('kill-supervisor', 'node-0')],
  ])
    assert.match(checkStates(history).join('\n'), /ended EXECUTION_STATE_INTERRUPTED/);
});

/** Of the first execution's output the bytes from 10 to 20 are gone, with a gap of unknown length in their place. */
const cut = (tail: (text: string) => string): HistoryEvent[] => {
  const text = textOf(first);
  const told = changed(soundHistory(), 'output', (event, nth) => {
    if (event.execution !== first || nth % 2 === 0) return [event];
    const { follower, execution, stream } = event;
    const gap = { at: 0, type: 'gap', ...{ follower, execution, stream, from: 10, until: 10 } } as const;
    return [
      { ...gap, reason: 'drain-killed' },
      { ...event, bytes: text.length - 20 },
    ];
  });
  const stretches = [
    { from: 0, until: 10, sha256: sha256(text.slice(0, 10)) },
    { from: 10, until: text.length - 10, sha256: sha256(tail(text)) },
  ];
  const shorter = changed(told, 'end', (event) =>
    event.execution === first ? [{ ...event, offset: event.offset - 10 }] : [event],
  );
  return changed(shorter, 'received', (event) =>
    event.execution === first && event.stream === 'stdout' ? [{ ...event, stretches }] : [event],
  );
};

test('a killed drain excuses a gap of unknown length on its node; what comes behind it is told by the end', () => {
  const kill = killed('kill-drain', 'node-0');
  assert.deepEqual(checkOutput([kill, ...cut((text) => text.slice(20))]), []);
  const wrong = checkOutput([kill, ...cut((text) => text.slice(19, -1))]).join('\n');
  assert.match(wrong, /are not what the command wrote/);
});

test('without a killed drain the gap is found', () => {
  assert.match(checkOutput(cut((text) => text.slice(20))).join('\n'), /drain-killed\) that nothing explains/);
});

test('what a job says can only end unstarted must not have started', () => {
  const unstarted = ['EXECUTION_STATE_SUCCEEDED'] as const;
  assert.deepEqual(checkStarts(soundHistory()), []);
  assert.match(checkStarts(soundHistory({ unstarted })).join('\n'), /ended EXECUTION_STATE_SUCCEEDED, and had started/);
});
