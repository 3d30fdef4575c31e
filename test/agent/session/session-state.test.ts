import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareEpochs, type Epoch } from '../../../agent/session/epoch.ts';
import {
  initialSessionState,
  type SessionEffect,
  type SessionInput,
  type SessionState,
  stepSession,
} from '../../../agent/session/session-state.ts';
import { testId } from '../../harness/fake-executor.ts';

const small = fc.integer({ min: 0, max: 3 });
const epoch: fc.Arbitrary<Epoch> = fc.record({ era: small, revision: small });
const execution = small.map(testId);
const known = fc.array(
  fc.record({
    id: execution,
    state: fc.constantFrom('EXECUTION_STATE_RUNNING', 'EXECUTION_STATE_FAILED', 'EXECUTION_STATE_DISPATCHED'),
    stdoutBytes: fc.constant(0),
    stderrBytes: fc.constant(0),
  }),
);
const offer = execution.map((id) => ({
  execution: id,
  order: Buffer.alloc(0),
  signature: Buffer.alloc(0),
  proof: { index: 0, siblings: [] },
  traceparent: '',
}));
const read = execution.map((id) => ({
  readId: 1,
  execution: id,
  stream: 'stdout' as const,
  from: 0,
  until: 1,
  close: false,
  untilPresent: false,
}));
const frame = fc.oneof(
  epoch.map((value) => ({ type: 'welcome', epoch: value, heartbeatIntervalMs: 0, replica: 'r' }) as const),
  offer.map((value) => ({ type: 'start', offer: value, reads: [] }) as const),
  execution.map((id) => ({ type: 'cancel', execution: id, signal: 0, graceMs: undefined }) as const),
  read.map((value) => ({ type: 'read', read: value }) as const),
  execution.map((id) => ({ type: 'release', executions: [id], refused: [] }) as const),
  fc.constant({ type: 'reconnect', reason: 'drain', afterMs: 5 } as const),
  fc.constant({ type: 'refused', field: 'f', message: 'm', answer: { heartbeat: {} } } as const),
  fc.constant({ type: 'invalid', field: 'f', message: 'm' } as const),
);
const input: fc.Arbitrary<SessionInput> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('connected' as const),
      highest: fc.option(epoch, { nil: undefined }),
      known,
    }),
  },
  { weight: 8, arbitrary: frame.map((value) => ({ type: 'frame' as const, frame: value })) },
  {
    weight: 3,
    arbitrary: execution.map(
      (id) => ({ type: 'event', event: { execution: id, type: 'accepted', atUnixMs: 1 } }) as const,
    ),
  },
  fc.constant({ type: 'heartbeat-due', loadPercent: 1, running: 1 } as const),
  fc.constant({ type: 'welcome-overdue', afterMs: 5 } as const),
  fc.constant({ type: 'drain-overdue' } as const),
  fc.constant({ type: 'close' } as const),
  fc.constant({ type: 'failed', end: { reason: 'connection', message: 'm' } } as const),
);

interface Taken {
  readonly input: SessionInput;
  readonly before: SessionState;
  readonly after: SessionState;
  readonly effects: readonly SessionEffect[];
}

function walk(inputs: readonly SessionInput[]): Taken[] {
  let state = initialSessionState;
  return inputs.map((given) => {
    const before = state;
    const { state: after, effects } = stepSession(before, given);
    state = after;
    return { input: given, before, after, effects };
  });
}

const always = (holds: (steps: Taken[]) => void): void =>
  fc.assert(
    fc.property(fc.array(input, { maxLength: 40 }), (inputs) => holds(walk(inputs))),
    { numRuns: 2000 },
  );
const order = ['dialing', 'hello-sent', 'live', 'draining', 'ended'];
const effectsOf = (steps: readonly Taken[]): SessionEffect[] => steps.flatMap(({ effects }) => effects);

test('a session only moves forward, and does nothing once it has ended', () => {
  always((steps) => {
    for (const { before, after, effects } of steps) {
      assert.ok(order.indexOf(after.name) >= order.indexOf(before.name));
      if (before.name === 'ended') assert.deepEqual([after, effects], [before, []]);
    }
  });
});

test('a session ends at most once, and says so when it does', () => {
  always((steps) => {
    const ended = steps.some(({ after }) => after.name === 'ended');
    assert.equal(effectsOf(steps).filter(({ type }) => type === 'end').length, ended ? 1 : 0);
  });
});

test('executions are touched, and told of, in a session that is or was live only', () => {
  const early = ['say-hello', 'end'];
  always((steps) => {
    for (const { before, after, effects } of steps) {
      if (before.name === 'live' || before.name === 'draining' || after.name === 'live') continue;
      for (const { type } of effects) assert.ok(early.includes(type), type);
    }
  });
});

test('nothing is said in a session that drains', () => {
  const saying = ['send', 'send-event', 'repeat', 'read', 'live'];
  always((steps) => {
    for (const { before, effects } of steps) {
      if (before.name === 'draining') assert.ok(effects.every(({ type }) => !saying.includes(type)));
    }
  });
});

test('no session is live under an epoch lower than one seen before, and a higher one is kept before anything else', () => {
  always((steps) => {
    for (const { before, effects } of steps) {
      const live = effects.find((effect) => effect.type === 'live');
      if (!live || before.name !== 'hello-sent') continue;
      const { highest } = before;
      if (highest) assert.ok(compareEpochs(live.epoch, highest) >= 0);
      if (!highest || compareEpochs(live.epoch, highest) > 0) assert.equal(effects[0]?.type, 'raise-epoch');
    }
  });
});

test('every result in Hello, and every execution that something happened to before Welcome, is told of after it', () => {
  always((steps) => {
    const at = steps.findIndex(({ effects }) => effects.some(({ type }) => type === 'live'));
    if (at < 0) return;
    const told = new Set(steps[at]?.effects.flatMap((effect) => (effect.type === 'repeat' ? effect.executions : [])));
    for (const { input: given, before } of steps.slice(0, at)) {
      if (given.type === 'event' && before.name === 'hello-sent') assert.ok(told.has(given.event.execution));
      if (given.type !== 'connected' || before.name !== 'dialing') continue;
      for (const { id, state } of given.known) if (state === 'EXECUTION_STATE_FAILED') assert.ok(told.has(id));
    }
  });
});

test('a frame that does not belong there ends the session', () => {
  always((steps) => {
    for (const { input: given, before, after } of steps) {
      if (given.type !== 'frame' || before.name === 'ended') continue;
      const early = before.name === 'dialing' || before.name === 'hello-sent';
      const misplaced = given.frame.type === 'welcome' ? before.name !== 'hello-sent' : early;
      if (misplaced || given.frame.type === 'invalid') assert.equal(after.name, 'ended');
    }
  });
});

test('Reconnect keeps its reason and its wait to the end, however the stream then ends', () => {
  const at = (...inputs: SessionInput[]) => walk(inputs).at(-1)?.after;
  const live = [
    { type: 'connected', highest: undefined, known: [] },
    { type: 'frame', frame: { type: 'welcome', epoch: { era: 1, revision: 1 }, heartbeatIntervalMs: 0, replica: 'r' } },
    { type: 'frame', frame: { type: 'reconnect', reason: 'drain', afterMs: 70 } },
  ] as const;
  for (const last of [
    { type: 'drain-overdue' },
    { type: 'failed', end: { reason: 'connection', message: 'm' } },
  ] as const) {
    const state = at(...live, last);
    assert.ok(state?.name === 'ended');
    assert.deepEqual([state.end.reason, state.end.retryAfterMs], ['reconnect', 70]);
  }
});
