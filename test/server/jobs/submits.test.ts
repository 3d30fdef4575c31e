import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Directory } from '../../../server/fleet/directory.ts';
import { CoordinatorClaims } from '../../../server/jobs/coordination/coordinator-claims.ts';
import type { Claim } from '../../../server/jobs/coordination/coordinator-fence.ts';
import { JobStore } from '../../../server/jobs/job-store.ts';
import { Submits } from '../../../server/jobs/submits.ts';
import type { JobViews } from '../../../server/jobs/views/job-views.ts';
import { keys } from '../../../server/store/keys.ts';
import type { Committed, Lease, Store, Transaction } from '../../../server/store/store.ts';
import { values } from '../../../server/store/values.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { type Clock, systemClock } from '../../../shared/time.ts';
import { eventually } from '../../harness/agent-connection.ts';

interface Pending {
  readonly transaction: Transaction;
  answer(committed: Committed): void;
}

let commits: Pending[];
let timers: { ms: number; fire: () => void }[];
let run: Claim[];
let submits: Submits;
const nothing: Committed = { succeeded: true, revision: 9, entries: [undefined, undefined] };

beforeEach(() => {
  commits = [];
  timers = [];
  run = [];
  const store = {
    commit: (transaction: Transaction) =>
      new Promise<Committed>((answer) => void commits.push({ transaction, answer })),
  } as unknown as Store;
  const clock: Clock = {
    ...systemClock,
    after: (ms, action) => {
      const timer = { ms, fire: action };
      timers.push(timer);
      return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
    },
  };
  submits = new Submits({
    ...{ store, clock, fenced: () => false, cluster: { unconfirmed: false, mayHaveLostJobs: false } },
    views: { stored: new JobStore({ store }) } as unknown as JobViews,
    directory: { get: () => ({ name: 'n' }) } as unknown as Directory,
    claims: new CoordinatorClaims({ store, lease: () => ({}) as Lease, replica: 'a' }),
    run: (_, { progress }, claim) => {
      run.push(claim);
      return progress;
    },
  });
});

function submit(count = 1) {
  const targets = Array.from({ length: count }, () => newNodeUid());
  const plan = { root: planRoot(targets), count };
  const { bytes } = buildOrder({ command: { argv: ['true'] }, plan, createdUnixMs: Date.now() });
  const empty = Buffer.alloc(0);
  return submits.submit({ orderBytes: bytes, targets, signature: empty, stdin: empty, traceparent: '' });
}
async function answerNext(n: number, committed = nothing): Promise<void> {
  await eventually(() => commits.length > n, 'the next transaction');
  commits[n]?.answer(committed);
}
const refused = { reason: 'STORE_UNAVAILABLE', message: /the store does not answer/ };

test('one deadline of less than 2 s bounds all that a submit asks of the store; an order that gets there after all runs', async () => {
  const submitted = submit();
  await answerNext(0);
  await eventually(() => commits.length === 2, 'the order');
  assert.deepEqual([timers.length, timers[0]?.ms], [1, 1800]);
  timers[0]?.fire();
  await assert.rejects(submitted, refused);
  const era = { key: keys.era, value: values.era.encode({ era: 7 }), createRevision: 1, modRevision: 1 };
  commits[1]?.answer({ succeeded: true, revision: 12, entries: [era] });
  await eventually(() => run.length === 1, 'the run');
  assert.deepEqual(run, [{ era: 7, revision: 12 }]);
});

test('a submit that was refused asks nothing further of a store that comes back', async () => {
  const submitted = submit();
  await eventually(() => commits.length === 1, 'the look for the same job');
  timers[0]?.fire();
  await assert.rejects(submitted, refused);
  await answerNext(0);
  await new Promise(setImmediate);
  assert.equal(commits.length, 1);
});

test('what is large goes on for as long as the store takes it', async () => {
  const submitted = submit(2500);
  await answerNext(0);
  await eventually(() => commits.length === 2, 'a chunk');
  const [first] = timers;
  await answerNext(1);
  await eventually(() => commits.length === 3, 'another');
  assert.ok(timers.length === 1 && timers[0] !== first, 'it begins anew');
  await answerNext(2);
  await answerNext(3, { succeeded: true, revision: 4, entries: [undefined] });
  assert.equal((await submitted).existed, false);
  assert.deepEqual([timers, run], [[], [{ era: 0, revision: 4 }]]);
});
