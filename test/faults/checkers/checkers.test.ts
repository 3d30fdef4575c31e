import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Checker } from '../../../faults/checkers/checker.ts';
import { checkConcurrency, mostAtOnce } from '../../../faults/checkers/concurrency.ts';
import { checkOutput } from '../../../faults/checkers/output.ts';
import { checkStarts } from '../../../faults/checkers/starts.ts';
import { checkStates } from '../../../faults/checkers/states.ts';
import type { HistoryEvent } from '../../../faults/history/event.ts';
import { changed, executions, job, sha256, soundHistory, textOf } from './sound-history.ts';

const [first, second] = executions;
const other = `${'b'.repeat(32)}/${'1'.repeat(32)}/1`;

/** Exactly one problem is found, and it says so. */
function finds(check: Checker, history: readonly HistoryEvent[], problem: RegExp): void {
  const found = check(history);
  assert.ok(found.length >= 1, 'nothing was found');
  for (const each of found) assert.match(each, problem);
}

test('a history in which all is well passes every checker', () => {
  for (const check of [checkStarts, checkOutput, checkStates, checkConcurrency])
    assert.deepEqual(check(soundHistory()), []);
});

describe('starts', () => {
  test('an execution that started twice is found', () => {
    const twice = changed(soundHistory(), 'mark', (event) => (event.what === 'start' ? [event, event] : [event]));
    finds(checkStarts, twice, /was started 2 times/);
  });

  test('one that ended with an exit code and never started is found', () => {
    const none = changed(soundHistory(), 'mark', (event) => (event.execution === first ? [] : [event]));
    finds(checkStarts, none, new RegExp(`^${first} ended .* never started`));
  });

  test('one that is said not to have run, and did, is found', () => {
    const skipped = changed(soundHistory(), 'listed', (event) => [
      {
        ...event,
        executions: event.executions.map((told) => ({ ...told, state: 'EXECUTION_STATE_SKIPPED' as const })),
      },
    ]);
    finds(checkStarts, skipped, /ended EXECUTION_STATE_SKIPPED, and had started/);
  });

  test('one that nobody submitted is found', () => {
    const stray = changed(soundHistory(), 'mark', (event, nth) =>
      nth === 0 ? [event, { ...event, execution: other }] : [event],
    );
    finds(checkStarts, stray, /nobody submitted it/);
  });
});

describe('output', () => {
  const firstChunk = (into: (event: Extract<HistoryEvent, { type: 'output' }>) => HistoryEvent[]): HistoryEvent[] =>
    changed(soundHistory(), 'output', (event, nth) => (nth === 1 ? into(event) : [event]));

  test('a byte that comes twice is found', () => {
    finds(
      checkOutput,
      firstChunk((event) => [{ ...event, offset: 9, bytes: event.bytes + 1 }]),
      /byte 9 comes again/,
    );
  });

  test('a byte that is left out without a word is found', () => {
    finds(
      checkOutput,
      firstChunk((event) => [{ ...event, offset: 11, bytes: event.bytes - 1 }]),
      /10 to 11 is left out/,
    );
  });

  test('other bytes than the command wrote are found', () => {
    const wrong = changed(soundHistory(), 'received', (event) => [
      { ...event, stretches: event.stretches.map((stretch) => ({ ...stretch, sha256: sha256('other bytes') })) },
    ]);
    finds(checkOutput, wrong, /are not what the command wrote/);
  });

  test('output that stops before its end is found', () => {
    const cut = changed(soundHistory(), 'received', (event) => [
      {
        ...event,
        stretches: event.stretches.map(() => ({
          from: 0,
          until: 5,
          sha256: sha256(textOf(event.execution).slice(0, 5)),
        })),
      },
    ]);
    finds(checkOutput, cut, /5 of \d+ bytes came/);
  });

  test('an end that never comes is found', () => {
    finds(
      checkOutput,
      changed(soundHistory(), 'received', (event) => [{ ...event, ended: false }]),
      /its end never came/,
    );
  });

  test('a follower who heard nothing of an execution is found', () => {
    const deaf = changed(soundHistory(), 'received', (event) => (event.follower === 'f1' ? [] : [event]));
    finds(checkOutput, deaf, /stdout: f1 never heard of it/);
  });

  const gap = {
    type: 'gap',
    follower: 'f0',
    execution: first,
    stream: 'stdout',
    from: 10,
    until: 20,
    reason: 'disk-full',
  } as const;
  const gapped = (gaps: readonly string[]): HistoryEvent[] => {
    const { length } = textOf(first);
    const pieces = [
      { from: 0, until: 10, sha256: sha256(textOf(first).slice(0, 10)) },
      { from: 20, until: length, sha256: sha256(textOf(first).slice(20)) },
    ];
    const chunks = changed(soundHistory({ gaps }), 'output', (event, nth) =>
      nth === 1
        ? [
            { ...gap, at: 0 },
            { ...event, offset: 20, bytes: length - 20 },
          ]
        : [event],
    );
    return changed(chunks, 'received', (event, nth) => (nth === 0 ? [{ ...event, stretches: pieces }] : [event]));
  };

  test('a gap in its place passes where the case explains it, and is found where nothing does', () => {
    assert.deepEqual(checkOutput(gapped(['disk-full'])), []);
    finds(checkOutput, gapped([]), /a gap 10–20 \(disk-full\) that nothing explains/);
  });

  test('wrong bytes behind a gap are found', () => {
    const wrong = changed(gapped(['disk-full']), 'received', (event, nth) =>
      nth === 0
        ? [{ ...event, stretches: event.stretches.map((stretch) => ({ ...stretch, sha256: sha256('x') })) }]
        : [event],
    );
    finds(checkOutput, wrong, /bytes (0 to 10|20 to \d+) are not what the command wrote/);
  });
});

describe('states', () => {
  test('a state that goes back is found, over as many watches as there are', () => {
    const back = changed(soundHistory(), 'execution', ({ end, ...event }) =>
      end
        ? [
            { ...event, state: 'EXECUTION_STATE_DISPATCHED' as const },
            { ...event, end },
          ]
        : [event],
    );
    finds(checkStates, back, /EXECUTION_STATE_DISPATCHED after EXECUTION_STATE_RUNNING/);
  });

  test('two followers who are told of different ends are found out', () => {
    const differing = changed(soundHistory({ exitCodes: [0, 1] }), 'execution', (event) =>
      event.end && event.follower === 'f1' ? [{ ...event, end: { ...event.end, exitCode: 1 } }] : [event],
    );
    finds(checkStates, differing, /ended twice/);
  });

  test('an end that the case does not allow is found', () => {
    finds(checkStates, soundHistory({ states: ['EXECUTION_STATE_FAILED'] }), /ended EXECUTION_STATE_SUCCEEDED/);
    finds(checkStates, soundHistory({ exitCodes: [4] }), /exited 0, which no command does/);
  });

  test('an execution that has no end, or is undetermined, is found', () => {
    const open = changed(soundHistory(), 'listed', (event) => [
      {
        ...event,
        executions: event.executions.map(({ end: _, ...told }) => ({
          ...told,
          state: 'EXECUTION_STATE_RUNNING' as const,
        })),
      },
    ]);
    finds(checkStates, open, /is still EXECUTION_STATE_RUNNING on r[01]/);
    const unheard = changed(soundHistory(), 'listed', (event) => [
      { ...event, executions: event.executions.map((told) => ({ ...told, undetermined: true })) },
    ]);
    finds(checkStates, unheard, /is undetermined on r[01]/);
  });

  test('a follower who never sees the job close is found', () => {
    finds(
      checkStates,
      changed(soundHistory(), 'watch-done', (event, nth) => (nth === 0 ? [] : [event])),
      /f0 never saw job/,
    );
  });

  test('a job without all its executions is found', () => {
    const short = changed(soundHistory(), 'listed', (event) => [{ ...event, executions: event.executions.slice(1) }]);
    finds(checkStates, short, /has 1 executions, and 2 targets/);
    finds(
      checkStates,
      changed(soundHistory(), 'listed', () => []),
      /has no executions/,
    );
  });
});

describe('concurrency', () => {
  test('more at once than the order allows is found; one that starts when another stops is not more', () => {
    finds(checkConcurrency, soundHistory({ maxConcurrency: 1 }), /2 ran at once, 1 may/);
    const after = changed(soundHistory({ maxConcurrency: 1 }), 'mark', (event) =>
      event.execution === second ? [{ ...event, atUnixMs: event.atUnixMs + 990 }] : [event],
    );
    assert.deepEqual(checkConcurrency(after), []);
    assert.equal(mostAtOnce(after, job), 1);
  });

  test('what starts past a spent budget is found', () => {
    finds(
      checkConcurrency,
      soundHistory({ maxConcurrency: 1, maxErrors: 0 }),
      /ran at once|2 started, though its budget of 0 stops it at 1/,
    );
    assert.deepEqual(checkConcurrency(soundHistory({ maxConcurrency: 2, maxErrors: 0 })), []);
  });
});
