import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Journal } from '../../../agent/journal/journal.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import type { OrderInput } from '../../../shared/order.ts';
import { quietLog, Rig } from './rig.ts';

describe('executions of one lane', () => {
  let rig: Rig;
  let dir: string;
  beforeEach(async () => {
    rig = await Rig.open();
    dir = mkdtempSync(join(tmpdir(), 'muster-lanes-'));
  });
  afterEach(async () => {
    await rig.dispose();
    rmSync(dir, { recursive: true });
  });

  /** Says in a file that it starts, waits for its gate, says that it ends. */
  const offer = (name: string, concurrency: number, more: Partial<OrderInput> = {}, lane = 'deploy'): ExecutionId => {
    const script = `echo + ${name} >>${dir}/log; until [ -e ${dir}/${name} ]; do sleep 0.02; done; echo - ${name} >>${dir}/log`;
    return rig.offer(rig.order({ argv: ['sh', '-c', script] }, { lane: { name: lane, concurrency }, ...more }));
  };
  const letEnd = (name: string): void => writeFileSync(join(dir, name), '');
  const log = (): string[] => {
    if (!existsSync(join(dir, 'log'))) return [];
    return readFileSync(join(dir, 'log'), 'utf8').trimEnd().split('\n');
  };
  const accepted = (id: ExecutionId): Promise<true> =>
    rig.until('acceptance', () => rig.events.some(({ execution, type }) => execution === id && type === 'accepted'));
  const stateOf = (id: ExecutionId) => rig.executions.known().find((view) => view.id === id)?.state;
  const says = (line: string): Promise<true> => rig.until(line, () => log().includes(line));

  test('wait for each other in their order; other lanes and those without one do not wait for them', async () => {
    const [one, two, three] = [offer('one', 1), offer('two', 1), offer('three', 1)];
    await says('+ one');
    await accepted(three);
    assert.equal((await rig.run({ argv: ['true'] })).state, 'EXECUTION_STATE_SUCCEEDED');
    const other = offer('other', 1, {}, 'other');
    letEnd('other');
    await rig.finished(other);
    assert.equal(stateOf(two), 'EXECUTION_STATE_DISPATCHED');
    assert.equal(stateOf(three), 'EXECUTION_STATE_DISPATCHED');
    for (const name of ['one', 'two', 'three']) letEnd(name);
    for (const id of [one, two, three]) assert.equal((await rig.finished(id)).state, 'EXECUTION_STATE_SUCCEEDED');
    assert.deepEqual(
      log().filter((line) => !line.includes('other')),
      ['+ one', '- one', '+ two', '- two', '+ three', '- three'],
    );
  });

  test('run as many at once as the order of each allows', async () => {
    for (const name of ['a', 'b', 'c']) offer(name, 2);
    const strict = offer('strict', 1);
    await says('+ a');
    await says('+ b');
    letEnd('a');
    await says('+ c');
    assert.ok(log().includes('- a'), 'the third one waited for a place');
    letEnd('b');
    await says('- b');
    assert.equal(stateOf(strict), 'EXECUTION_STATE_DISPATCHED');
    letEnd('c');
    letEnd('strict');
    assert.equal((await rig.finished(strict)).state, 'EXECUTION_STATE_SUCCEEDED');
    assert.ok(log().indexOf('- c') < log().indexOf('+ strict'));
  });

  test('cancelled while it waits: CANCELLED, it never starts, and whoever is behind it goes on', async () => {
    offer('one', 1);
    const [two, three] = [offer('two', 1), offer('three', 1)];
    await says('+ one');
    await accepted(three);
    rig.executions.cancel(two, 0, undefined);
    const result = await rig.finished(two);
    assert.equal(result.state, 'EXECUTION_STATE_CANCELLED');
    assert.equal(result.startedUnixMs ?? 0, 0);
    letEnd('one');
    letEnd('three');
    await rig.finished(three);
    assert.deepEqual(log(), ['+ one', '- one', '+ three', '- three']);
  });

  test('past its delivery deadline while it waits: EXPIRED, and it never starts', async () => {
    const one = offer('one', 1);
    await says('+ one');
    const late = offer('late', 1, { deliverWithinMs: 300 });
    assert.equal((await rig.finished(late)).state, 'EXECUTION_STATE_EXPIRED');
    letEnd('one');
    await rig.finished(one);
    assert.deepEqual(log(), ['+ one', '- one']);
  });

  test('one that may not start yet stands in nobody’s way', async () => {
    const later = offer('later', 1, { notBeforeUnixMs: Date.now() + 3_600_000 });
    await accepted(later);
    letEnd('now');
    assert.equal((await rig.finished(offer('now', 1))).state, 'EXECUTION_STATE_SUCCEEDED');
    rig.executions.cancel(later, 0, undefined);
    await rig.finished(later);
  });

  test('over another agent: what runs keeps its place, what waits keeps its order', async () => {
    const one = offer('one', 1);
    await says('+ one');
    const [two, three] = [offer('two', 1), offer('three', 1)];
    await accepted(two);
    await accepted(three);
    await rig.executions.close();
    await rig.reopen();
    assert.deepEqual([one, two, three].map(stateOf), [
      'EXECUTION_STATE_RUNNING',
      'EXECUTION_STATE_DISPATCHED',
      'EXECUTION_STATE_DISPATCHED',
    ]);
    const free = offer('free', 1, {}, 'other');
    letEnd('free');
    await rig.finished(free);
    assert.deepEqual(
      log().filter((line) => !line.includes('free')),
      ['+ one'],
    );
    for (const name of ['one', 'two', 'three']) letEnd(name);
    for (const id of [one, two, three]) assert.equal((await rig.finished(id)).state, 'EXECUTION_STATE_SUCCEEDED');
    assert.deepEqual(
      log().filter((line) => !line.includes('free')),
      ['+ one', '- one', '+ two', '- two', '+ three', '- three'],
    );
  });

  test('one whose supervisor is killed frees its place: the next one starts', async () => {
    const one = offer('one', 1);
    await says('+ one');
    const two = offer('two', 1);
    await accepted(two);
    const journal = await Journal.open({ dir: join(rig.stateDir, 'journal'), log: quietLog });
    await journal.close();
    process.kill(journal.get(one)?.starting?.supervisor.pid ?? assert.fail('no supervisor'), 'SIGKILL');
    assert.equal((await rig.finished(one)).state, 'EXECUTION_STATE_INTERRUPTED');
    letEnd('two');
    assert.equal((await rig.finished(two)).state, 'EXECUTION_STATE_SUCCEEDED');
  });
});
