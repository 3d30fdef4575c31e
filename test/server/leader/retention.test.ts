import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { isForgotten, lateResultsMs, Retention } from '../../../server/leader/retention.ts';
import { keys } from '../../../server/store/keys.ts';
import type { Operation } from '../../../server/store/store.ts';
import { emptyValue, values } from '../../../server/store/values.ts';
import { type JobId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { systemClock } from '../../../shared/time.ts';
import { embeddedTerm, keysUnder } from './embedded-term.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const retentionMs = 7 * dayMs;

const job = fc.record({
  state: fc.constantFrom('open', 'cancelling', 'stopping', 'closed'),
  closedUnixMs: fc.integer({ min: 0, max: 100 * dayMs }),
  undetermined: fc.integer({ min: 0, max: 2 }),
  expiresUnixMs: fc.integer({ min: 0, max: 100 * dayMs }),
});

test('a job is forgotten only when it closed long enough ago and no result can come any more', () => {
  fc.assert(
    fc.property(job, fc.integer({ min: 0, max: 200 * dayMs }), (it, now) => {
      const settled = it.undetermined === 0 || now >= it.expiresUnixMs + lateResultsMs;
      const expected = it.state === 'closed' && now - it.closedUnixMs >= retentionMs && settled;
      assert.equal(isForgotten(it, now, retentionMs), expected);
    }),
  );
});

interface Written {
  readonly id: JobId;
  readonly submitted: string;
}

interface Shape {
  readonly agoMs: number;
  readonly state?: string;
  readonly undetermined?: number;
}

function operationsOf({ agoMs, state = 'closed', undetermined = 0 }: Shape): Written & { operations: Operation[] } {
  const id = newJobId();
  const uid = newNodeUid();
  const submittedUnixMs = Date.now() - agoMs;
  const plan = { root: planRoot([uid]), count: 1 };
  const { bytes } = buildOrder({ id, command: { argv: ['true'] }, plan, createdUnixMs: submittedUnixMs });
  const record = {
    state,
    closedUnixMs: submittedUnixMs,
    counts: { SUCCEEDED: 1 - undetermined, UNDETERMINED: undetermined },
  };
  const submitted = keys.submitted(submittedUnixMs, id);
  const operations = [
    {
      put: keys.order(id),
      value: values.order.encode({ order: bytes, submittedUnixMs, targetChunks: 1, stdinChunks: 1 }),
    },
    { put: keys.state(id), value: values.state.encode(record) },
    { put: submitted, value: emptyValue },
    { put: keys.target(id, 0), value: values.target.encode({ uids: [uid], names: ['a'] }) },
    { put: keys.stdin(id, 0), value: values.stdin.encode({ data: Buffer.from('x') }) },
    { put: keys.result(id, 5, 0), value: values.result.encode({ results: [] }) },
    ...(state === 'open' ? [{ put: keys.open(id), value: emptyValue }] : []),
  ];
  return { id, submitted, operations };
}

async function setUp(t: TestContext) {
  const { store, term } = await embeddedTerm(t);
  const write = async (shape: Shape): Promise<Written> => {
    const { operations, ...written } = operationsOf(shape);
    await store.commit({ then: operations });
    return written;
  };
  return { store, term, write, retention: new Retention({ clock: systemClock, retentionMs }) };
}

test('retention removes all of a job whose time is up and nothing of any other', async (t) => {
  const { store, term, write, retention } = await setUp(t);
  const old = await Promise.all(Array.from({ length: 50 }, () => write({ agoMs: 8 * dayMs })));
  const kept = [
    await write({ agoMs: 6 * dayMs }),
    await write({ agoMs: 10 * dayMs, state: 'open' }),
    await write({ agoMs: 8 * dayMs - 1000, undetermined: 1 }),
  ];
  const late = await write({ agoMs: 16 * dayMs, undetermined: 1 });
  assert.deepEqual(await retention.round(term), { jobs: old.length + 1 });
  for (const { id } of [...old, late]) assert.deepEqual(await keysUnder(store, keys.jobPrefix(id)), []);
  for (const { id } of kept) assert.equal((await keysUnder(store, keys.jobPrefix(id))).length, 5);
  assert.deepEqual(await keysUnder(store, keys.submittedPrefix), kept.map(({ submitted }) => submitted).sort());
  assert.equal(await retention.round(term), undefined, 'nothing is left to do');
});

test('a leader that was deposed in the middle forgets no more, and what it left is no half of a job', async (t) => {
  const { store, term, write, retention } = await setUp(t);
  const old = [await write({ agoMs: 9 * dayMs }), await write({ agoMs: 8 * dayMs })];
  const commit = term.commit.bind(term);
  let deletions = 0;
  term.commit = async (transaction) => {
    // After the first job's own transaction another replica is elected.
    if (transaction.then.length > 0 && deletions++ === 1) {
      await store.commit({ then: [{ delete: keys.leader }] });
      await store.commit({ then: [{ put: keys.leader, value: Buffer.from('rival') }] });
    }
    return await commit(transaction);
  };
  await assert.rejects(retention.round(term), { reason: 'CONFLICT' });
  const [first, second] = old;
  assert.deepEqual(
    (await keysUnder(store, keys.jobPrefix(first?.id as JobId))).map((key) => key.split('/')[2]),
    ['results', 'stdin', 'targets'],
    'what nobody sees any more waits for the sweep',
  );
  assert.equal((await keysUnder(store, keys.jobPrefix(second?.id as JobId))).length, 5);
  assert.deepEqual(await keysUnder(store, keys.submittedPrefix), [second?.submitted]);
});
