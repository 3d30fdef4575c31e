import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { SessionLog } from '../../../server/fleet/session-log.ts';
import { JumpClock } from '../store/jump-clock.ts';

test('where thousands of sessions come and go at once, the first are said one by one and the others as their number', () => {
  const lines: { msg: string; count?: number; n?: number }[] = [];
  const clock = new JumpClock();
  const log = new SessionLog({ log: pino({}, { write: (line) => lines.push(JSON.parse(line)) }), clock });
  for (let n = 0; n < 300; n += 1) log.say('session closed', () => ({ n }));
  log.say('session opened', () => ({ n: 300 }));
  assert.equal(lines.length, 100);
  clock.jump(1000);
  assert.deepEqual(
    lines.slice(100).map(({ msg, count }) => [msg, count]),
    [
      ['session closed, and so many more in this second', 200],
      ['session opened, and so many more in this second', 1],
    ],
  );
  log.say('session opened', () => ({ n: 301 }));
  assert.equal(lines.at(-1)?.n, 301);
  clock.jump(1000);
  assert.equal(lines.length, 103);
});
