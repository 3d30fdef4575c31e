import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { badFrame, type ControlStream, PeerWire } from '../../../server/peers/peer-wire.ts';
import type { MusterError } from '../../../shared/errors.ts';

/** A stream whose peer takes what the test lets it. */
class SlowStream extends EventEmitter implements ControlStream {
  readonly taken: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];
  handedBytes = 0;

  write(bytes: Buffer, written: () => void): boolean {
    this.handedBytes += bytes.length;
    this.taken.push(bytes);
    this.#waiting.push(written);
    return false;
  }

  /** Everything handed over so far. */
  take(): void {
    for (const written of this.#waiting.splice(0)) written();
  }
}

function wireOn(stream: SlowStream) {
  const hungUp: (MusterError | undefined)[] = [];
  const closed: string[] = [];
  const frames: string[] = [];
  const wire = new PeerWire({
    stream,
    hangUp: (error) => hungUp.push(error),
    receiver: {
      frame: (frame) => {
        frames.push(String(frame.frame));
        if (frame.frame === 'hello') throw badFrame('hello', 'of the test');
        if (frame.frame === 'status') throw new Error('of the test');
      },
      closed: (reason) => closed.push(reason.message),
    },
  });
  return { wire, hungUp, closed, frames };
}

const frameOf = (bytes: number) => ({ watchJob: { job: 'x'.repeat(bytes) } });

test('no more than a quarter of a MiB is handed to the connection at once, and all of it in order', () => {
  const stream = new SlowStream();
  const { wire } = wireOn(stream);
  for (let n = 0; n < 5000; n += 1) wire.send({ watchJob: { job: `${n}`.padEnd(1000) } });
  assert.ok(stream.handedBytes <= 256 * 1024, `${stream.handedBytes}`);
  while (wire.queuedBytes > 0) stream.take();
  const order = stream.taken.map((bytes) => Number(bytes.toString('latin1').match(/(\d+) +$/)?.[1]));
  assert.deepEqual(order, [...order.keys()]);
  assert.equal(order.length, 5000);
});

test('whoever sends much waits until the peer has taken it', async () => {
  const stream = new SlowStream();
  const { wire } = wireOn(stream);
  await wire.drained();
  for (let n = 0; n < 3; n += 1) wire.send(frameOf(1_000_000));
  let waited = true;
  const done = wire.drained().then(() => {
    waited = false;
  });
  stream.take();
  await Promise.resolve();
  assert.ok(waited);
  stream.take();
  stream.take();
  await done;
  assert.ok(wire.queuedBytes < 1024 * 1024);
});

test('a peer that leaves 64 MiB unread loses its link, and nothing is kept for it', async () => {
  const stream = new SlowStream();
  const { wire, hungUp, closed } = wireOn(stream);
  const waiting = assert.rejects(
    (async () => {
      wire.send(frameOf(2_000_000));
      await wire.drained();
    })(),
    /unread/,
  );
  let sent = 0;
  while (wire.open && sent < 200) {
    wire.send(frameOf(1_000_000));
    sent += 1;
  }
  assert.ok(sent < 70, `${sent} MB`);
  assert.deepEqual([hungUp.map((error) => error?.reason), closed.length], [['TOO_MANY'], 1]);
  await waiting;
  wire.send(frameOf(10));
  assert.ok(wire.queuedBytes <= 2_000_100, 'what the connection has can not be taken back; the rest is gone');
});

test('a frame above 4 MiB is refused to whoever sends it; the link goes on', () => {
  const { wire, hungUp } = wireOn(new SlowStream());
  assert.throws(() => wire.send(frameOf(4 * 1024 * 1024)), /4194304/);
  assert.deepEqual(hungUp, []);
  assert.ok(wire.open);
});

test('a throw of whoever takes the frames ends the wire: as it is where the peer is at fault, else as INTERNAL', () => {
  for (const [frame, reason] of [
    ['hello', 'FRAME_INVALID'],
    ['status', 'INTERNAL'],
  ] as const) {
    const stream = new SlowStream();
    const { hungUp, closed, frames } = wireOn(stream);
    stream.emit('data', { frame: { frame, [frame]: {} } });
    stream.emit('data', { frame: { frame, [frame]: {} } });
    stream.emit('error', new Error('late'));
    stream.emit('close');
    assert.deepEqual(
      hungUp.map((error) => error?.reason),
      [reason],
    );
    assert.equal(closed.length, 1);
    assert.deepEqual(frames, [frame]);
  }
});
