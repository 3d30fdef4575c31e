import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ending } from '../../../cli/render/ending.ts';
import { createStyle } from '../../../cli/render/style.ts';
import { failureLines, summaryLine } from '../../../cli/render/summary.ts';
import { executionOf, jobOf } from '../../harness/executions.ts';

const style = createStyle(false);

test('each way to end is said for what it is', () => {
  const failed = 'EXECUTION_STATE_FAILED';
  const cases = [
    [executionOf('n', { state: failed, result: { state: failed, exitCode: 3 } }), 'failed: exit code 3'],
    [executionOf('n', { state: failed, result: { state: failed, signal: 9 } }), 'failed: signal 9 (KILL)'],
    [
      executionOf('n', { state: failed, result: { state: failed, signal: 15, signalInferred: true } }),
      'failed: signal 15 (TERM), inferred from its exit code',
    ],
    [
      executionOf('n', { state: failed, result: { state: failed, reason: 'spawn', message: 'no such file' } }),
      'failed: could not start (spawn: no such file)',
    ],
    [
      executionOf('n', { state: 'EXECUTION_STATE_REJECTED', result: { reason: 'expired', message: '\x1b[31m' } }),
      'refused by the agent, it never ran (expired: ^[[31m)',
    ],
    [executionOf('n', { state: 'EXECUTION_STATE_CANCELLED' }), 'cancelled: it never ran'],
    [executionOf('n', { state: 'EXECUTION_STATE_CANCELLED', result: { stdout: { bytes: 1 } } }), 'cancelled'],
    [executionOf('n', { state: 'EXECUTION_STATE_SKIPPED' }), 'skipped, it never ran'],
    [
      executionOf('n', { state: 'EXECUTION_STATE_SKIPPED', result: { reason: 'superseded' } }),
      'skipped: a newer job with the same latest key takes its place; it never ran',
    ],
    [executionOf('n', { state: 'EXECUTION_STATE_RUNNING', nodeAway: true }), 'running, its node is away'],
    [
      executionOf('n', { state: 'EXECUTION_STATE_RUNNING', undetermined: true }),
      'undetermined: the job closed without word of it',
    ],
  ] as const;
  for (const [execution, text] of cases) assert.equal(ending(execution), text);
});

test('a timeout shows its receipt: signals, time to exit, what is left and how much could be seen', () => {
  const state = 'EXECUTION_STATE_TIMED_OUT';
  const receipt = {
    cause: 'timeout',
    signals: [
      { signal: 15, processes: 3 },
      { signal: 9, afterMs: 1000, processes: 0 },
    ],
    timeToExitMs: 1020,
    processesLeft: [{ pid: 42, name: 'sleep' }],
    complete: false,
  };
  const text = ending(executionOf('n', { state, result: { state, durationMs: 3020, receipt } }));
  assert.equal(
    text,
    'timed out (it ran 3s): TERM to 3 processes, KILL to the whole cgroup after 1s; exit 1s later; ' +
      'still there: 42 sleep, as far as could be seen',
  );
});

test('equal failures are folded, the rarest first, with the end of stderr where it was not shown', () => {
  const state = 'EXECUTION_STATE_FAILED';
  const failed = (node: string, exitCode: number) =>
    executionOf(node, { state, result: { state, exitCode, stderrTail: Buffer.from('why\n') } });
  const executions = [
    failed('web-1', 3),
    failed('web-2', 3),
    failed('db-1', 4),
    executionOf('ok', { state: 'EXECUTION_STATE_SUCCEEDED' }),
  ];
  assert.deepEqual(failureLines(executions, style, true), [
    'db-1 (1): failed: exit code 4',
    '  why',
    'web-[1-2] (2): failed: exit code 3',
    '  why',
  ]);
});

test('endings that differ by their times only are equal', () => {
  const state = 'EXECUTION_STATE_TIMED_OUT';
  const timed = (node: string, durationMs: number) => executionOf(node, { state, result: { state, durationMs } });
  assert.deepEqual(failureLines([timed('a1', 1001), timed('a2', 1305)], style, false), [
    'a[1-2] (2): timed out (it ran 1s)',
  ]);
});

test('the summary counts by state, says why the job closed and how long it took', () => {
  const executions = [
    executionOf('a', { state: 'EXECUTION_STATE_SUCCEEDED' }),
    executionOf('b', { state: 'EXECUTION_STATE_CANCELLED' }),
  ];
  const job = jobOf({ closingReason: 'cancelled', submittedUnixMs: 1000, closedUnixMs: 3000, counts: { total: 2 } });
  assert.equal(
    summaryLine({ job, executions }, style),
    `1 succeeded, 1 cancelled of 2 in 2s, cancelled · job ${'a'.repeat(32)}`,
  );
  const newer = jobOf({ closingReason: 'superseded', submittedUnixMs: 1000, closedUnixMs: 3000, counts: { total: 2 } });
  assert.match(summaryLine({ job: newer, executions }, style), / in 2s, superseded by a newer job · job /);
});
