import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readHistory } from '../../faults/history/history.ts';
import { runTrial } from '../../faults/run-trial.ts';
import type { Trial } from '../../faults/trial.ts';
import { soundHistory } from './checkers/sound-history.ts';

const run = (action: (trial: Trial) => Promise<void>, signal = new AbortController().signal) =>
  runTrial(
    { name: 'made-up', title: 'a case of this test', short: false, run: action },
    { seed: 3, full: false, soakMs: 0, keep: false, signal, say: () => {} },
  );

test('a case that does nothing wrong passes, is cleaned up last to first, and leaves no folder', async () => {
  const order: number[] = [];
  const outcome = await run(async (trial) => {
    for (const n of [1, 2]) trial.after(() => void order.push(n));
    for (const event of soundHistory()) trial.history.add(event);
    trial.fault('made-up', 'nothing', 'offering');
  });
  assert.deepEqual(outcome.problems, []);
  assert.deepEqual(order, [2, 1]);
  assert.equal(outcome.windows.get('made-up@offering'), 1);
  assert.equal(existsSync(outcome.historyPath), false);
});

test('what the checkers find fails the case, and its history is kept', async () => {
  const outcome = await run(async (trial) => {
    for (const event of soundHistory()) {
      trial.history.add(event);
      if (event.type === 'mark') trial.history.add(event);
    }
  });
  assert.match(outcome.problems.join('\n'), /^starts: .* was started 2 times/m);
  assert.equal(readHistory(outcome.historyPath)[0]?.type, 'begin');
  rmSync(dirname(outcome.historyPath), { recursive: true });
});

test('a process that is left behind fails the case and is ended', async () => {
  let gone: Promise<unknown> | undefined;
  const outcome = await run(async (trial) => {
    const script = 'echo up; while :; do sleep 1; done';
    const child = spawn('sh', ['-c', script, join(trial.folder('left'), 'x')], { stdio: ['ignore', 'pipe', 'ignore'] });
    gone = once(child, 'exit');
    await once(child.stdout, 'data');
  });
  assert.match(outcome.problems.join('\n'), /1 processes were left behind/);
  await gone;
  rmSync(dirname(outcome.historyPath), { recursive: true });
});

test('an interrupted case is cleaned up, and is no success', async () => {
  const controller = new AbortController();
  let cleaned = false;
  const outcome = await run(async (trial) => {
    trial.after(() => {
      cleaned = true;
    });
    controller.abort(new Error('interrupted by a test'));
    await new Promise(() => {});
  }, controller.signal);
  assert.ok(cleaned);
  assert.match(outcome.problems[0] ?? '', /interrupted by a test/);
  rmSync(dirname(outcome.historyPath), { recursive: true });
});
