import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, mock, test } from 'node:test';
import { FolderEvents } from '../../../agent/executions/folder-events.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import type { JournalRecord } from '../../../agent/journal/record.ts';
import { systemClock } from '../../../shared/time.ts';
import { Rig } from './rig.ts';

describe('an agent that can’t do at once what it is asked', () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.open();
  });
  after(() => rig.dispose());
  afterEach(() => mock.restoreAll());

  /** The disk refuses the first `times` records of a type. */
  const refuse = (type: JournalRecord['type'], times: number): (() => number) => {
    const append = Journal.prototype.append;
    let refused = 0;
    mock.method(Journal.prototype, 'append', function (this: Journal, ...args: Parameters<Journal['append']>) {
      if (args[0].type !== type || refused >= times) return append.apply(this, args);
      refused++;
      return Promise.reject(new Error('ENOSPC: no space left on device, write'));
    });
    return () => refused;
  };

  test('answers every one of 300 offers that come in one turn', async () => {
    const notBeforeUnixMs = Date.now() + 3_600_000;
    const offered = Array.from({ length: 300 }, () => rig.order({ argv: ['true'] }, { notBeforeUnixMs }));
    for (const each of offered) rig.offer(each);
    const accepted = (): number => rig.events.filter(({ type }) => type === 'accepted').length;
    await rig.until('300 answers', () => accepted() === 300);
    for (const { id } of offered) rig.executions.cancel(id, 0, 0);
    for (const { id } of offered) await rig.finished(id);
  });

  test('takes 300 inputs at a time, each to its end', async () => {
    const stdin = Buffer.from('some input');
    const notBeforeUnixMs = Date.now() + 3_600_000;
    const offered = Array.from({ length: 300 }, () => rig.order({ argv: ['cat'] }, { stdin, notBeforeUnixMs }));
    const before = readdirSync('/proc/self/fd').length;
    for (const each of offered) {
      rig.offer(each);
      rig.executions.input(each.id, 0, stdin.subarray(0, 4));
    }
    assert.ok(readdirSync('/proc/self/fd').length < before + 10);
    assert.equal((await rig.run({ argv: ['true'] })).state, 'EXECUTION_STATE_SUCCEEDED');
    for (const { id } of offered) rig.executions.cancel(id, 0, 0);
    for (const { id } of offered) assert.equal((await rig.finished(id)).state, 'EXECUTION_STATE_CANCELLED');
    const name = offered[0]?.id.replaceAll('/', '.') ?? '';
    assert.equal(existsSync(join(rig.stateDir, 'executions', name, 'stdin')), false);
  });

  test('ends an offer whose input stops in the middle at its delivery deadline', async () => {
    const offered = rig.order({ argv: ['cat'] }, { stdin: Buffer.from('some input'), deliverWithinMs: 500 });
    rig.offer(offered);
    rig.executions.input(offered.id, 0, Buffer.from('some'));
    assert.equal((await rig.finished(offered.id)).state, 'EXECUTION_STATE_EXPIRED');
  });

  test('accepts an offer once the journal takes it', async () => {
    const refused = refuse('received', 1);
    assert.equal((await rig.run({ argv: ['true'] })).state, 'EXECUTION_STATE_SUCCEEDED');
    assert.equal(refused(), 1);
  });

  test('refuses an offer once the journal takes that', async () => {
    const refused = refuse('finished', 1);
    const result = await rig.run({ argv: ['true'], runAs: 'muster-nobody-here' });
    assert.equal(result.reason, 'run-as');
    assert.equal(refused(), 1);
  });

  test('starts what was accepted once the journal takes its start, and gives up after three more', async () => {
    const refused = refuse('starting', 2);
    assert.equal((await rig.run({ argv: ['true'] })).state, 'EXECUTION_STATE_SUCCEEDED');
    assert.equal(refused(), 2);
    refuse('starting', 10);
    const result = await rig.run({ argv: ['true'] });
    assert.equal(result.reason, 'spawn');
    assert.match(result.message ?? '', /ENOSPC/);
  });

  test('ends a command by its timeout though the journal takes nothing of it for a while', async () => {
    const refused = refuse('ending', 1);
    const result = await rig.run({ argv: ['sleep', '300'] }, { limits: { timeoutMs: 100, graceMs: 50 } });
    assert.equal(result.state, 'EXECUTION_STATE_TIMED_OUT');
    assert.equal(refused(), 1);
  });

  test('ends a command though the journal never takes its end', async () => {
    refuse('ending', 1000);
    const id = rig.offer(rig.order({ argv: ['sleep', '300'] }));
    await rig.started(id);
    rig.executions.cancel(id, 0, 60_000);
    const result = await rig.finished(id);
    assert.equal(result.state, 'EXECUTION_STATE_CANCELLED');
    assert.equal(result.signal, 15);
  });

  test('keeps nobody waiting behind a look that time has ended', async () => {
    const events = new FolderEvents({ path: rig.stateDir, clock: systemClock });
    await events.past(events.changed.version, 1);
    assert.equal(events.changed.awaited, false);
    events.close();
  });
});
