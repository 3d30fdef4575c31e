import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ControlLane } from '../../../agent/session/control-lane.ts';
import { FakeExecutor, testId } from '../../harness/fake-executor.ts';

function laneOf(executor: FakeExecutor): ControlLane {
  const lane = new ControlLane({ present: (execution) => executor.present(execution) });
  executor.subscribe((event) => lane.pushEvent(event));
  return lane;
}

test('however many events wait, at most 256 frames are held and every execution’s end is told', () => {
  const executor = new FakeExecutor();
  const lane = laneOf(executor);
  for (let n = 0; n < 5000; n += 1) executor.accept(testId(n));
  for (let n = 0; n < 5000; n += 1) executor.succeed(testId(n));
  assert.equal(lane.frames, 256);
  const finished: string[] = [];
  for (let frame = lane.shift(); frame; frame = lane.shift())
    if (frame.event?.finished) finished.push(frame.event.execution ?? '');
  assert.equal(finished.length, 5000);
  assert.equal(new Set(finished).size, 5000);
});

test('what was released while it waited is not told', () => {
  const executor = new FakeExecutor();
  const lane = laneOf(executor);
  executor.succeed(testId(1));
  executor.succeed(testId(2));
  lane.shift();
  lane.shift();
  lane.repeat([testId(1), testId(2)]);
  executor.release([testId(1)]);
  assert.deepEqual(lane.shift()?.event?.execution, testId(2));
  assert.equal(lane.shift(), undefined);
});

test('of an execution that ended while it waited, the end alone is told', () => {
  const executor = new FakeExecutor();
  const lane = laneOf(executor);
  executor.accept(testId(1));
  lane.shift();
  lane.repeat([testId(1)]);
  executor.succeed(testId(1));
  assert.ok(lane.shift()?.event?.finished);
  assert.equal(lane.shift(), undefined);
});

test('frames that are no events are refused beyond 4,096', () => {
  const lane = laneOf(new FakeExecutor());
  for (let n = 0; n < 4096; n += 1) assert.ok(lane.push({ heartbeat: {} }));
  assert.equal(lane.push({ heartbeat: {} }), false);
  lane.shift();
  assert.ok(lane.push({ heartbeat: {} }));
});

test('whatever happens and whenever the stream takes frames, the last word on each execution is its last state', () => {
  const step = fc.record({ n: fc.integer({ min: 0, max: 400 }), what: fc.constantFrom('accept', 'succeed', 'take') });
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 1500 }), (steps) => {
      const executor = new FakeExecutor();
      const lane = laneOf(executor);
      const last = new Map<string, string>();
      const take = (): boolean => {
        const event = lane.shift()?.event;
        if (event) last.set(event.execution ?? '', event.finished ? 'finished' : 'accepted');
        return event !== undefined;
      };
      for (const { n, what } of steps) {
        const present = executor.present(testId(n));
        if (what === 'take') take();
        else if (present.some(({ type }) => type === 'finished')) continue;
        else if (what === 'accept' && present.length === 0) executor.accept(testId(n));
        else if (what === 'succeed') executor.succeed(testId(n));
      }
      while (take());
      for (const { id, state } of executor.known()) {
        assert.equal(last.get(id), state === 'EXECUTION_STATE_SUCCEEDED' ? 'finished' : 'accepted');
      }
    }),
    { numRuns: 50 },
  );
});
