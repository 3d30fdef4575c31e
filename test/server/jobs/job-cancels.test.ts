import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { JobCancels } from '../../../server/jobs/job-cancels.ts';
import type { StoredJob } from '../../../server/jobs/job-store.ts';
import type { CancelOptions } from '../../../server/jobs/run/job-frames.ts';
import { values } from '../../../server/store/values.ts';
import { MusterError } from '../../../shared/errors.ts';
import { newJobId } from '../../../shared/ids.ts';
import { FakeLink, FakeMap, ManualClock, turn } from './view-fakes.ts';

const job = newJobId();
const term: CancelOptions = { signal: 0, graceMs: undefined };
let clock: ManualClock;
let map: FakeMap;
let links: Map<string, FakeLink>;
/** What a run of this replica says; undefined = there is none. */
let run: (() => Promise<void>) | undefined;
let stored: Pick<StoredJob, 'record'> | undefined;
let storeAway: boolean;
let cancels: JobCancels;

beforeEach(() => {
  clock = new ManualClock();
  map = new FakeMap();
  links = new Map([
    ['a', new FakeLink('a')],
    ['b', new FakeLink('b')],
  ]);
  run = undefined;
  stored = undefined;
  storeAway = false;
  cancels = new JobCancels({
    ...{ coordinators: map, clock, replica: 'w' },
    link: (replica) => links.get(replica),
    stored: {
      async get() {
        if (storeAway) throw unavailable('no answer');
        return stored as StoredJob | undefined;
      },
    },
    async cancelHere() {
      if (!run) return false;
      await run();
      return true;
    },
  });
});

const unavailable = (message: string): MusterError => new MusterError('STORE_UNAVAILABLE', message);
const recordOf = (state: string) => ({ record: values.state.decode(values.state.encode({ state })) });
const linkTo = (replica: string): FakeLink => links.get(replica) as FakeLink;
const at = (replica: string, createRevision = 1) => map.set(job, { replica, createRevision }, true);
function begin(signal = new AbortController().signal, cancel = term) {
  const outcome = { done: false, error: undefined as unknown };
  const promise = cancels.cancel(job, cancel, signal);
  promise.then(
    () => (outcome.done = true),
    (error: unknown) => (outcome.error = error),
  );
  return outcome;
}
const requestOf = (replica: string) => linkTo(replica).take()?.cancelJob;
const answer = (replica: string, requestId: number | undefined, error = '') =>
  cancels.cancelJobAnswer(linkTo(replica), { requestId: requestId ?? -1, error, message: 'so it is' });

test('a cancel goes to the coordinator with its signal and grace, and is over when that one has taken it', async () => {
  at('a');
  const outcome = begin(undefined, { signal: 2, graceMs: 0 });
  await turn();
  const request = requestOf('a');
  assert.deepEqual([request?.job, request?.signal, request?.graceMs], [job, 2, 0]);
  assert.equal(outcome.done, false);
  // Somebody else's answer is none.
  cancels.cancelJobAnswer(linkTo('b'), { requestId: request?.requestId ?? 0, error: '', message: '' });
  await turn();
  assert.equal(outcome.done, false);
  answer('a', request?.requestId);
  await turn();
  assert.equal(outcome.done, true);
});

test('a coordinator that is none any more, that dies or that is silent is looked for again', async () => {
  at('a');
  const outcome = begin();
  await turn();
  answer('a', requestOf('a')?.requestId, 'NOT_COORDINATOR');
  await turn();
  at('b', 2);
  await turn();
  assert.ok(requestOf('b'));
  links.delete('b');
  cancels.linkDown(linkTo('a'));
  await turn();
  clock.advance(5000);
  await turn();
  const again = new FakeLink('b');
  links.set('b', again);
  clock.advance(1000);
  await turn();
  assert.equal(outcome.done, false);
  answer('b', requestOf('b')?.requestId);
  await turn();
  assert.equal(outcome.done, true);
});

test('a cancel waits for a job that nobody drives, and is carried out here where this replica adopts it', async () => {
  map.set(job, undefined, true);
  const outcome = begin();
  await turn();
  run = async () => {};
  at('w', 2);
  await turn();
  assert.equal(outcome.done, true);
});

test('a cancel of a closed job is taken, one of no job is refused, and one that the coordinator refuses says why', async () => {
  map.set(job, undefined, false);
  stored = recordOf('closed');
  const closed = begin();
  await turn();
  assert.equal(closed.done, true);
  stored = undefined;
  const unknown = begin();
  await turn();
  assert.equal((unknown.error as MusterError).reason, 'UNKNOWN_JOB');
  at('a', 2);
  const refused = begin();
  await turn();
  answer('a', requestOf('a')?.requestId, 'STORE_UNCONFIRMED');
  await turn();
  const { reason, message } = refused.error as MusterError;
  assert.deepEqual([reason, message], ['STORE_UNCONFIRMED', 'so it is']);
});

test('where the store is away a cancel fails with what the coordinator said of it', async () => {
  storeAway = true;
  at('a');
  const there = begin();
  await turn();
  answer('a', requestOf('a')?.requestId, 'STORE_UNAVAILABLE');
  await turn();
  assert.equal((there.error as MusterError).message, 'so it is');
  run = async () => {
    throw unavailable('the lease has run out');
  };
  const here = begin();
  await turn();
  assert.deepEqual(
    [(here.error as MusterError).reason, (here.error as MusterError).message],
    ['STORE_UNAVAILABLE', 'the lease has run out'],
  );
});

test('a cancel that meets a coordinator which is deposed, or hands the job over, goes to the next one', async () => {
  stored = recordOf('open');
  at('w');
  for (const error of [new MusterError('CONFLICT', 'another’s now'), unavailable('handing the job over')]) {
    run = async () => {
      throw error;
    };
    const outcome = begin();
    await turn();
    assert.deepEqual([outcome.done, outcome.error], [false, undefined], error.reason);
    run = undefined;
    at('a', 2);
    await turn();
    answer('a', requestOf('a')?.requestId, 'STORE_UNAVAILABLE');
    await turn();
    assert.deepEqual([outcome.done, outcome.error], [false, undefined], `${error.reason}, and the next one too`);
    at('b', 3);
    await turn();
    answer('b', requestOf('b')?.requestId);
    await turn();
    assert.equal(outcome.done, true);
    at('w', 4);
  }
});

test('a coordinator that can not write for seconds is believed', async () => {
  stored = recordOf('open');
  run = async () => {
    throw unavailable('the lease has run out');
  };
  const outcome = begin();
  for (let ms = 0; ms < 4900; ms += 700) {
    await turn();
    assert.equal(outcome.error, undefined);
    clock.advance(700);
  }
  await turn();
  clock.advance(700);
  await turn();
  assert.equal((outcome.error as MusterError).message, 'the lease has run out');
});

test('a job that closes while its coordinator can not write is cancelled enough', async () => {
  stored = recordOf('closed');
  at('a');
  const outcome = begin();
  await turn();
  answer('a', requestOf('a')?.requestId, 'STORE_UNAVAILABLE');
  await turn();
  assert.equal(outcome.done, true);
});

test('a caller that goes ends its cancel', async () => {
  at('a');
  const abort = new AbortController();
  const outcome = begin(abort.signal);
  await turn();
  abort.abort(new Error('gone'));
  await turn();
  clock.advance(1000);
  await turn();
  assert.equal((outcome.error as Error).message, 'gone');
});

test('another replica’s cancel is answered: taken, not driven here, or why not', async () => {
  const answered = async () => {
    cancels.cancelJob(linkTo('a'), { requestId: 7, job, signal: 0 });
    await turn();
    const { cancelJobAnswer } = linkTo('a').take() ?? {};
    assert.equal(cancelJobAnswer?.requestId, 7);
    return cancelJobAnswer?.error;
  };
  assert.equal(await answered(), 'NOT_COORDINATOR');
  run = async () => {};
  assert.equal(await answered(), '');
  run = async () => {
    throw unavailable('away');
  };
  assert.equal(await answered(), 'STORE_UNAVAILABLE');
  run = async () => {
    throw new MusterError('CONFLICT', 'another’s now');
  };
  assert.equal(await answered(), 'NOT_COORDINATOR');
});
