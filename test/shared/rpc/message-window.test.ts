import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { MessageWindow } from '../../../shared/rpc/message-window.ts';

/** Keeps what is written until the test takes it. */
class Pipe {
  readonly waiting: (() => void)[] = [];
  write(_message: unknown, written: () => void): boolean {
    this.waiting.push(written);
    return this.waiting.length < 16;
  }
  take(): void {
    this.waiting.shift()?.();
  }
}

function setup() {
  const pipe = new Pipe();
  const abort = new AbortController();
  return { pipe, abort, window: new MessageWindow({ stream: pipe, signal: abort.signal }) };
}

/** Sends until it has to wait. */
async function fill(window: MessageWindow, bytes?: number): Promise<{ sent: number; waiting: Promise<void> }> {
  for (let sent = 1; ; sent += 1) {
    let done = false;
    const waiting = window.send('message', bytes).then(() => {
      done = true;
    });
    waiting.catch(() => {});
    await setImmediate();
    if (!done) return { sent, waiting };
  }
}

test('small messages do not wait for each other, and yet there is an end of them', async () => {
  const { sent } = await fill(setup().window, 100);
  assert.equal(sent, 256);
});

test('of large messages no more than a window is on its way, and of those whose size is not told sixteen', async () => {
  assert.equal((await fill(setup().window, 256 * 1024)).sent, 4);
  assert.equal((await fill(setup().window, 3 * 1024 * 1024)).sent, 1);
  assert.equal((await fill(setup().window)).sent, 16);
});

test('whoever waits goes on as soon as there is room, not only when everything is out', async () => {
  const { pipe, window } = setup();
  const { waiting } = await fill(window, 64 * 1024);
  pipe.take();
  await waiting;
  assert.equal(pipe.waiting.length, 15);
});

test('a stream that is over lets nobody wait, and takes nothing more', async () => {
  const { pipe, abort, window } = setup();
  const { waiting } = await fill(window);
  abort.abort(new Error('gone'));
  await assert.rejects(waiting, { message: 'gone' });
  await assert.rejects(window.send('more'), { message: 'gone' });
  assert.equal(pipe.waiting.length, 16);
});
