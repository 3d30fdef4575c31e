import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { SendQueue } from '../../../server/fleet/send-queue.ts';
import { JumpClock } from '../store/jump-clock.ts';

/** Takes `room` frames, then none before its `drain`. */
class Stream extends EventEmitter {
  readonly taken: string[] = [];
  room: number;

  constructor(room: number) {
    super();
    this.room = room;
  }

  write(frame: unknown): boolean {
    this.taken.push(String(frame));
    this.room -= 1;
    return this.room > 0;
  }

  async drain(room: number): Promise<void> {
    this.room = room;
    this.emit('drain');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function queueOf(stream: Stream) {
  const abort = new AbortController();
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const replica = { fenced: false };
  const clock = new JumpClock();
  const fenced = (): boolean => replica.fenced;
  const queue = new SendQueue<string>({ stream, signal: abort.signal, failed, fenced, clock });
  return { queue, abort, failures, replica, clock };
}

test('a control frame is with the stream at once where the stream has room', () => {
  const stream = new Stream(10);
  queueOf(stream).queue.control('start');
  assert.deepEqual(stream.taken, ['start']);
});

test('after the stream is full nothing is written before its drain, and then control frames before bulk', async () => {
  const stream = new Stream(2);
  const { queue } = queueOf(stream);
  queue.bulk(['bulk 1', 'bulk 2', 'bulk 3'].values());
  queue.control('cancel');
  assert.deepEqual(stream.taken, ['bulk 1', 'bulk 2']);
  await stream.drain(10);
  assert.deepEqual(stream.taken, ['bulk 1', 'bulk 2', 'cancel', 'bulk 3']);
});

test('nothing is written once the session is over', async () => {
  const stream = new Stream(1);
  const { queue, abort, failures } = queueOf(stream);
  queue.control('one');
  queue.control('two');
  abort.abort(new Error('the session is over'));
  await stream.drain(10);
  queue.control('three');
  assert.deepEqual({ taken: stream.taken, failures }, { taken: ['one'], failures: [] });
});

test('an agent that leaves 8,192 frames unread, and a stream that fails, end the session', async () => {
  const stuck = queueOf(new Stream(1));
  for (let frame = 0; frame < 8200; frame += 1) stuck.queue.control('frame');
  assert.match(String(stuck.failures[0]), /8192 frames unread/);

  const stream = new Stream(1);
  const broken = queueOf(stream);
  broken.queue.control('one');
  stream.emit('error', new Error('reset'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(String(broken.failures[0]), /reset/);
});

test('what is guarded and waits for the stream does not leave a replica that is fenced by then; what else there is does', async () => {
  const stream = new Stream(1);
  const { queue, replica, clock } = queueOf(stream);
  const always = (): boolean => true;
  queue.control('welcome');
  queue.guarded('start 1', always);
  queue.bulk(['input'].values());
  queue.control('cancel');
  replica.fenced = true;
  await stream.drain(10);
  queue.guarded('start 2', always);
  queue.control('release');
  clock.jump(1000);
  assert.deepEqual(stream.taken, ['welcome', 'cancel', 'release']);
  replica.fenced = false;
  clock.jump(1000);
  assert.deepEqual(stream.taken.slice(3), ['start 1', 'start 2', 'input'], 'in their order, input behind them');
});

test('what is guarded and not wanted any more when its turn comes is dropped', async () => {
  const stream = new Stream(1);
  const { queue, replica, clock } = queueOf(stream);
  const wanted = { one: true, two: true };
  queue.control('welcome');
  queue.guarded('start 1', () => wanted.one);
  queue.guarded('start 2', () => wanted.two);
  replica.fenced = true;
  await stream.drain(10);
  wanted.one = false;
  replica.fenced = false;
  clock.jump(1000);
  assert.deepEqual(stream.taken, ['welcome', 'start 2']);
});

test('frames held back by a fence count as unread', () => {
  const { queue, replica, failures } = queueOf(new Stream(100_000));
  replica.fenced = true;
  for (let frame = 0; frame < 8200; frame += 1) queue.guarded('start', () => true);
  assert.match(String(failures[0]), /8192 frames unread/);
});
