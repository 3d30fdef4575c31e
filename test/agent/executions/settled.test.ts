import assert from 'node:assert/strict';
import { after, afterEach, before, describe, mock, test } from 'node:test';
import { Journal } from '../../../agent/journal/journal.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import { Rig } from './rig.ts';

const hourMs = 3_600_000;

describe('what an earlier session offered, before the next Hello', () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.open();
  });
  after(() => rig.dispose());
  afterEach(() => mock.restoreAll());

  /** From now on no RECEIVED gets to the disk before `open`. */
  const slowDisk = (): { reached: Promise<void>; open: () => void } => {
    const append = Journal.prototype.append;
    const { promise, resolve } = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    mock.method(Journal.prototype, 'append', async function (this: Journal, ...args: Parameters<Journal['append']>) {
      if (args[0].type === 'received') {
        reached.resolve();
        await promise;
      }
      await append.apply(this, args);
    });
    return { reached: reached.promise, open: resolve };
  };
  const known = (id: ExecutionId): boolean => rig.executions.known().some((view) => view.id === id);
  const types = (id: ExecutionId): string[] =>
    rig.events.filter(({ execution }) => execution === id).map(({ type }) => type);

  test('is waited for while the disk is slow: then it is known', async () => {
    const disk = slowDisk();
    const id = rig.offer(rig.order({ argv: ['sleep', '300'] }));
    await disk.reached;
    const settled = rig.executions.settled(hourMs);
    assert.equal(known(id), false);
    disk.open();
    await settled;
    assert.equal(known(id), true);
    rig.executions.cancel(id, 0, 0);
    await rig.finished(id);
  });

  test('is waited for while it is being refused', async () => {
    const id = rig.offer(rig.order({ argv: ['true'], runAs: 'muster-nobody-here' }));
    await rig.executions.settled(hourMs);
    assert.equal(known(id), true);
    assert.deepEqual(types(id), ['finished']);
  });

  test('and is still on its way after the bound never starts, not even in the agent after this one', async () => {
    const disk = slowDisk();
    const id = rig.offer(rig.order({ argv: ['true'] }));
    await disk.reached;
    await rig.executions.settled(1);
    assert.equal(known(id), false);
    disk.open();
    const { state, reason } = await rig.finished(id);
    assert.deepEqual([state, reason, types(id)], ['EXECUTION_STATE_REJECTED', 'journal', ['finished']]);
    await rig.executions.close();
    await rig.reopen();
    assert.equal(rig.executions.known().find((view) => view.id === id)?.state, 'EXECUTION_STATE_REJECTED');
  });

  test('and finds a full disk until the bound is given up, and runs once where it is offered again', async () => {
    const append = Journal.prototype.append;
    let refused = 0;
    const full = mock.method(Journal.prototype, 'append', () => {
      refused++;
      return Promise.reject(new Error('ENOSPC: no space left on device, write'));
    });
    const offered = rig.order({ argv: ['true'] });
    const id = rig.offer(offered);
    await rig.until('the refusal', () => refused > 0);
    await rig.executions.settled(1);
    full.mock.mockImplementation(append);
    const gone = (): boolean => {
      const reader = rig.executions.openRead(id, 'stdout', 0);
      reader?.close();
      return reader === undefined;
    };
    await rig.until('its end, one way or the other', () => gone() || types(id).length > 0);
    assert.deepEqual(types(id), []);
    rig.offer(offered);
    assert.equal((await rig.finished(id)).state, 'EXECUTION_STATE_SUCCEEDED');
    assert.deepEqual(types(id), ['accepted', 'started', 'finished']);
  });

  test('and is offered again before the disk has answered is accepted after all', async () => {
    const disk = slowDisk();
    const offered = rig.order({ argv: ['true'] });
    const id = rig.offer(offered);
    await disk.reached;
    await rig.executions.settled(1);
    rig.offer(offered);
    disk.open();
    assert.equal((await rig.finished(id)).state, 'EXECUTION_STATE_SUCCEEDED');
  });

  test('and was cancelled there ends as cancelled though it is given up', async () => {
    const disk = slowDisk();
    const id = rig.offer(rig.order({ argv: ['true'] }));
    await disk.reached;
    rig.executions.cancel(id, 0, undefined);
    await rig.executions.settled(1);
    disk.open();
    assert.equal((await rig.finished(id)).state, 'EXECUTION_STATE_CANCELLED');
    assert.deepEqual(types(id), ['finished']);
  });

  test('does not hold up an agent that stops', async () => {
    const disk = slowDisk();
    rig.offer(rig.order({ argv: ['true'] }));
    await disk.reached;
    const settled = rig.executions.settled(hourMs);
    const closed = rig.executions.close();
    await settled;
    disk.open();
    await closed;
    await rig.reopen();
  });
});
