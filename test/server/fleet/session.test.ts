import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { ConnectResponse } from '../../../proto/gen/muster/v1/ConnectResponse.ts';
import { type AgentStream, Session } from '../../../server/fleet/session.ts';
import { executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { JumpClock } from '../store/jump-clock.ts';

const uid = newNodeUid();
const execution = executionId(newJobId(), uid, 1);
const held = executionId(newJobId(), uid, 1);
const frame = { order: Buffer.from('order') };

/** A session whose stream takes nothing more after its first frame, which it has got. */
function setUp(t: TestContext) {
  const written: ConnectResponse[] = [];
  const stream = Object.assign(new EventEmitter(), {
    room: false,
    write: (one: ConnectResponse) => {
      written.push(one);
      return stream.room;
    },
    end: () => {},
  });
  const clock = new JumpClock();
  const replica = { fenced: false };
  const session = new Session({
    hello: {
      ...{ uid, name: 'n-1', version: '1', labels: {}, facts: {}, capabilities: ['stdin'], highestEpoch: undefined },
      executions: new Map([[held, { state: 'EXECUTION_STATE_RUNNING' }]]),
    } as unknown as ConstructorParameters<typeof Session>[0]['hello'],
    epoch: { era: 1, revision: 1 },
    stream: stream as unknown as AgentStream,
    sink: { opened() {}, event() {}, heartbeat() {}, closed() {} },
    fenced: () => replica.fenced,
    clock,
  });
  t.after(() => session.end('drain'));
  session.welcome({ replica: 'a' });
  const thaw = async (): Promise<void> => {
    stream.room = true;
    stream.emit('drain');
    await new Promise((resolve) => setImmediate(resolve));
  };
  const unfence = (): void => {
    replica.fenced = false;
    clock.jump(1000);
  };
  return { session, replica, thaw, unfence, kinds: () => written.slice(1).map((one) => Object.keys(one)[0]) };
}

test('a Start of a coordinator that was succeeded while the replica was frozen is dropped, its input with it', async (t) => {
  const { session, replica, thaw, unfence, kinds } = setUp(t);
  let drives = true;
  session.start(execution, { ...frame, valid: () => drives });
  session.input(execution, Buffer.from('input'));
  session.start(held, { ...frame, valid: () => drives });
  replica.fenced = true;
  await thaw();
  session.cancel({ execution });
  assert.deepEqual(kinds(), ['cancel'], 'a cancel leaves a fenced replica');
  assert.ok(session.holds(execution));
  drives = false;
  unfence();
  assert.deepEqual(kinds(), ['cancel']);
  assert.equal(session.holds(execution), false, 'the agent was never sent it');
  assert.ok(session.holds(held), 'the agent said that it has it');
});

test('a Start that waited for the end of the fence goes then, its input behind it', async (t) => {
  const { session, replica, thaw, unfence, kinds } = setUp(t);
  session.start(execution, { ...frame, valid: () => true });
  session.input(execution, Buffer.from('input'));
  replica.fenced = true;
  await thaw();
  assert.deepEqual(kinds(), []);
  unfence();
  assert.deepEqual(kinds(), ['start', 'input']);
});

test('of two Starts of an execution the one that is valid counts', async (t) => {
  const { session, thaw, kinds } = setUp(t);
  session.start(execution, { ...frame, valid: () => false });
  session.start(execution, { ...frame, valid: () => true });
  await thaw();
  assert.deepEqual(kinds(), ['start']);
  assert.ok(session.holds(execution));
});
