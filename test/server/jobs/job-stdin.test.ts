import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobStdin } from '../../../server/jobs/run/job-stdin.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { JumpClock } from '../store/jump-clock.ts';

const always = (): boolean => true;

test('standard input is forgotten once nothing is offered, and read again from the store for who comes later', async (t) => {
  const clock = new JumpClock();
  let loads = 0;
  const load = async (): Promise<Buffer> => {
    loads += 1;
    return Buffer.from('stored');
  };
  const stdin = new JobStdin({ clock, load, data: Buffer.from('at hand') });
  t.after(() => stdin.close());
  const given: string[] = [];
  const give = (data: Buffer): void => void given.push(data.toString());
  stdin.give(always, give);
  assert.deepEqual(given, ['at hand']);
  clock.jump(60_000);
  for (let n = 0; n < 3; n += 1) stdin.give(always, give);
  await eventually(() => given.length === 4, 'the input from the store');
  assert.deepEqual([given.at(-1), loads], ['stored', 1]);
});

test('a store that is away is asked again, for as long as somebody wants the input', async (t) => {
  let loads = 0;
  let there = false;
  const load = async (): Promise<Buffer> => {
    loads += 1;
    if (!there) throw new Error('away');
    return Buffer.from('x');
  };
  const stdin = new JobStdin({ clock: new JumpClock(), load });
  t.after(() => stdin.close());
  const given: string[] = [];
  stdin.give(
    () => loads === 0,
    () => given.push('nobody'),
  );
  stdin.give(always, () => given.push('somebody'));
  await eventually(() => loads === 1, 'the first try');
  there = true;
  await eventually(() => given.length > 0, 'the input');
  assert.deepEqual(given, ['somebody']);
});
