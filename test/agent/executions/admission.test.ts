import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ExecutionResult } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import { executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { Rig } from './rig.ts';

describe('what is offered', () => {
  let rig: Rig;
  const dir = mkdtempSync(join(tmpdir(), 'muster-admission-'));
  before(async () => {
    rig = await Rig.open({ settings: { maxOutputBoundBytes: 512 * 1024 ** 2 } });
  });
  after(async () => {
    await rig.dispose();
    rmSync(dir, { recursive: true });
  });

  const refused = async (result: Promise<ExecutionResult>, reason: string, message: RegExp): Promise<void> => {
    const { state, reason: said, message: text = '', startedUnixMs } = await result;
    assert.equal(state, 'EXECUTION_STATE_REJECTED');
    assert.equal(said, reason);
    assert.match(text, message);
    assert.equal(startedUnixMs ?? 0, 0);
  };
  const offerRaw = (
    id: Parameters<Rig['finished']>[0],
    order: Buffer,
    index = 0,
    siblings: Buffer[] = [],
  ): Promise<ExecutionResult> => {
    rig.executions.offer({
      execution: id,
      order,
      signature: Buffer.alloc(0),
      proof: { index, siblings },
      traceparent: '',
    });
    return rig.finished(id);
  };

  test('the same order again runs once and is told as it is', async () => {
    const counter = join(dir, 'once');
    const offered = rig.order({ argv: ['sh', '-c', `echo x >>${counter}`] });
    rig.offer(offered);
    rig.offer(offered);
    await rig.finished(offered.id);
    rig.events.length = 0;
    rig.offer(offered);
    const types = rig.events.map(({ type }) => type);
    assert.deepEqual(types, ['accepted', 'finished']);
    assert.equal(readFileSync(counter, 'utf8'), 'x\n');
  });

  test('the same id with other bytes changes nothing', async () => {
    const offered = rig.order({ argv: ['sh', '-c', 'exit 3'] });
    rig.offer(offered);
    await rig.finished(offered.id);
    rig.events.length = 0;
    const other = rig.order({ argv: ['touch', join(dir, 'other')] }, { id: offered.id.split('/')[0] ?? '' });
    assert.equal(other.id, offered.id);
    rig.offer(other);
    assert.equal((await rig.finished(offered.id)).exitCode, 3);
    assert.equal(existsSync(join(dir, 'other')), false);
  });

  test('an order for other nodes is refused', async () => {
    const stranger = newNodeUid();
    const plan = { root: planRoot([stranger]), count: 1 };
    const { order, bytes } = buildOrder({ command: { argv: ['true'] }, plan, createdUnixMs: Date.now() });
    await refused(offerRaw(executionId(order.id, rig.uid, 1), bytes), 'proof', /^proof: /);
    await refused(offerRaw(executionId(order.id, stranger, 1), bytes), 'wrong-node', /^execution: /);
  });

  test('an order offered as another job, or as a second attempt, is refused', async () => {
    const { id, bytes } = rig.order({ argv: ['true'] });
    await refused(offerRaw(executionId(newJobId(), rig.uid, 1), bytes), 'wrong-job', /^order\.id: /);
    const [job] = id.split('/');
    await refused(offerRaw(executionId(job as never, rig.uid, 2), bytes), 'attempt', /^execution: attempt 2/);
  });

  test('bytes that are no order, or one out of bounds, are refused by field', async () => {
    await refused(offerRaw(executionId(newJobId(), rig.uid, 1), Buffer.from('garbage')), 'order', /^order/);
    const offered = rig.order({ argv: ['true'] }, { limits: { outputBoundBytes: 1024 ** 3 } });
    await refused(offerRaw(offered.id, offered.bytes), 'output-bound', /^order\.limits\.output_bound_bytes: /);
  });

  test('an unknown user is refused by name', async () => {
    await refused(
      rig.run({ argv: ['true'], runAs: 'muster-nobody-here' }),
      'run-as',
      /^order\.command\.run_as: .*muster-nobody-here/,
    );
  });

  test('standard input comes in pieces, again after a new session, and is checked before anything is promised', async () => {
    const stdin = Buffer.from('0123456789'.repeat(20_000));
    const offered = rig.order({ argv: ['sh', '-c', 'sha256sum; cat'] }, { stdin });
    rig.offer(offered);
    rig.executions.input(offered.id, 0, stdin.subarray(0, 65_536));
    assert.deepEqual(
      rig.executions.known().filter(({ id }) => id === offered.id),
      [],
    );
    rig.offer(offered);
    for (let at = 0; at < stdin.length; at += 65_536)
      rig.executions.input(offered.id, at, stdin.subarray(at, at + 65_536));
    assert.equal((await rig.finished(offered.id)).exitCode, 0);
    const { sha256 } = await import('./rig.ts');
    assert.equal((await rig.output(offered.id, 'stdout')).toString().split(' ')[0], sha256(stdin));
  });

  test('standard input that is not the order’s is refused', async () => {
    const offered = rig.order({ argv: ['cat'] }, { stdin: Buffer.from('expected') });
    rig.offer(offered);
    rig.executions.input(offered.id, 0, Buffer.from('tampered'));
    await refused(rig.finished(offered.id), 'stdin', /stdin_digest/);
  });

  test('a released result is repeated no more, and its id is not forgotten', async () => {
    const offered = rig.order({ argv: ['true'] });
    rig.offer(offered);
    await rig.finished(offered.id);
    assert.ok(rig.executions.known().some(({ id }) => id === offered.id));
    rig.executions.release([offered.id]);
    assert.ok(!rig.executions.known().some(({ id }) => id === offered.id));
    await rig.executions.close();
    await rig.reopen();
    assert.ok(!rig.executions.known().some(({ id }) => id === offered.id));
    rig.events.length = 0;
    rig.offer(offered);
    assert.deepEqual(
      rig.events.map(({ type }) => type),
      ['accepted', 'finished'],
    );
  });
});

describe('a node with too many results that nobody released', () => {
  test('takes no new work until some are', async () => {
    const rig = await Rig.open({ settings: { maxUnreleased: 2 } });
    try {
      const first = rig.order({ argv: ['true'] });
      rig.offer(first);
      await rig.finished(first.id);
      await rig.run({ argv: ['true'] });
      const busy = await rig.run({ argv: ['true'] });
      assert.equal(busy.state, 'EXECUTION_STATE_REJECTED');
      assert.equal(busy.reason, 'busy');
      rig.executions.release(rig.executions.known().map(({ id }) => id));
      assert.equal((await rig.run({ argv: ['true'] })).state, 'EXECUTION_STATE_SUCCEEDED');
    } finally {
      await rig.dispose();
    }
  });
});
