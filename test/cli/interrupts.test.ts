import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InterruptStep, Interrupts } from '../../cli/interrupts.ts';
import type { Clock } from '../../shared/time.ts';

function taking() {
  const steps: InterruptStep[] = [];
  let due: (() => void) | undefined;
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after(_ms, action) {
      due = action;
      return { cancel: () => (due = undefined) };
    },
  };
  const interrupts = new Interrupts({ clock, onStep: (step) => steps.push(step) });
  return { interrupts, steps, passTime: () => due?.() };
}

test('one Ctrl-C asks, and lets go when no second one comes', () => {
  const { interrupts, steps, passTime } = taking();
  interrupts.take('SIGINT');
  assert.deepEqual(steps, ['ask']);
  passTime();
  assert.deepEqual(steps, ['ask', 'detach']);
});

test('a second Ctrl-C cancels, and time changes nothing any more', () => {
  const { interrupts, steps, passTime } = taking();
  interrupts.take('SIGINT');
  interrupts.take('SIGINT');
  passTime();
  assert.deepEqual(steps, ['ask', 'cancel']);
});

test('a third one lets go of the cancel too', () => {
  const { interrupts, steps } = taking();
  for (let n = 0; n < 5; n += 1) interrupts.take('SIGINT');
  assert.deepEqual(steps, ['ask', 'cancel', 'detach']);
});

test('TERM and HUP let go at once', () => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const { interrupts, steps } = taking();
    interrupts.take(signal);
    assert.deepEqual(steps, ['detach']);
  }
});

test('after its stop nothing happens', () => {
  const { interrupts, steps, passTime } = taking();
  interrupts.take('SIGINT');
  interrupts.stop();
  passTime();
  interrupts.take('SIGINT');
  assert.deepEqual(steps, ['ask']);
});
