import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Duty } from '../../../server/leader/duties.ts';
import { Leader } from '../../../server/leader/leader.ts';
import type { LeaderTerm } from '../../../server/leader/leader-term.ts';
import { EtcdStore } from '../../../server/store/etcd/etcd-store.ts';
import { keys } from '../../../server/store/keys.ts';
import type { Lease } from '../../../server/store/store.ts';
import { createLog } from '../../../shared/log.ts';
import { systemClock } from '../../../shared/time.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { put, until } from '../store/conformance/bench.ts';

const log = createLog('test', 'silent');
const marked = 'led/by';

let etcd: EtcdServer;
let prefixes = 0;
before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());

/** Holds what it was given to do it with, and does nothing. */
class Watched implements Duty {
  readonly name = 'watched';
  readonly intervalMs = 60_000;
  readonly terms: LeaderTerm[] = [];

  round(term: LeaderTerm): Promise<undefined> {
    this.terms.push(term);
    return Promise.resolve(undefined);
  }
}

interface Candidate {
  readonly store: EtcdStore;
  readonly leader: Leader;
  readonly duty: Watched;
  lease: Lease;
  fenced: boolean;
}

async function stand(t: TestContext, prefix: string, replica: string, termMs = 60_000): Promise<Candidate> {
  const store = await EtcdStore.open({ endpoints: [etcd.endpoint], prefix, log });
  const duty = new Watched();
  const parts = { store, duty, lease: await store.lease(termMs), fenced: false };
  const leader: Leader = new Leader({
    ...{ store, log, clock: systemClock, replica, incarnation: replica, duties: [duty] },
    ...{ lease: () => candidate.lease, fenced: () => candidate.fenced },
  });
  const candidate: Candidate = Object.assign(parts, { leader });
  t.after(async () => {
    await leader.close();
    await store.close();
  });
  leader.start();
  return candidate;
}

const elect = async (candidates: readonly Candidate[]): Promise<Candidate> => {
  await until(() => candidates.some(({ leader }) => leader.leading), 'a leader');
  return candidates.find(({ leader }) => leader.leading) ?? assert.fail('it went again');
};

test('of several exactly one leads; another takes over at once when it stops', async (t) => {
  const prefix = `leader-${prefixes++}/`;
  const candidates = await Promise.all(['a', 'b', 'c'].map((replica) => stand(t, prefix, replica)));
  const first = await elect(candidates);
  assert.equal(candidates.filter(({ leader }) => leader.leading).length, 1);
  const rest = candidates.filter((candidate) => candidate !== first);
  assert.ok(
    rest.every(({ duty }) => duty.terms.length === 0),
    'a duty ran beside the leader',
  );
  await first.leader.close();
  assert.equal(first.leader.leading, false);
  const second = await elect(rest);
  await until(() => second.duty.terms.length === 1, 'its duties begin');
});

test('one whose lease is gone leads no more, and one that was deposed without noticing writes nothing', async (t) => {
  const prefix = `leader-${prefixes++}/`;
  const first = await stand(t, prefix, 'a');
  await elect([first]);
  await until(() => first.duty.terms.length === 1, 'its duties begin');
  const [term] = first.duty.terms;
  assert.ok(term);
  assert.ok((await term.commit({ then: [put(marked, 'while it led')] })).succeeded);
  // Its key goes behind its back, and another is elected, before its watch tells it anything.
  const rival = await EtcdStore.open({ endpoints: [etcd.endpoint], prefix, log });
  t.after(() => rival.close());
  await rival.commit({ then: [put(keys.leader, 'the rival')] });
  await rival.commit({ then: [{ delete: keys.leader }] });
  await rival.commit({ then: [put(keys.leader, 'the rival')] });
  await assert.rejects(term.commit({ then: [put(marked, 'late')] }), { reason: 'CONFLICT' });
  assert.ok(term.over);
  assert.equal((await rival.get(marked))?.value.toString(), 'while it led');
  await until(() => !first.leader.leading, 'it learns of it');
  await rival.commit({ then: [{ delete: keys.leader }] });
  await elect([first]);
  await until(() => first.duty.terms.length === 2, 'it leads again, in a term of its own');
  await first.lease.close();
  await until(() => first.duty.terms[1]?.over === true, 'the term ends with the lease');
});

test('a leader that is fenced writes nothing, and nobody who is fenced is elected', async (t) => {
  const prefix = `leader-${prefixes++}/`;
  const first = await stand(t, prefix, 'a');
  await elect([first]);
  await until(() => first.duty.terms.length === 1, 'its duties begin');
  first.fenced = true;
  await assert.rejects(first.duty.terms[0]?.commit({ then: [put(marked)] }) ?? Promise.resolve(), {
    reason: 'STORE_UNAVAILABLE',
  });
  await first.store.commit({ then: [{ delete: keys.leader }] });
  const second = await stand(t, prefix, 'b');
  await elect([second]);
  assert.equal(first.leader.leading, false);
});

test('an own key of which it never learned is replaced by one of a new revision', async (t) => {
  const prefix = `leader-${prefixes++}/`;
  const first = await stand(t, prefix, 'a');
  await elect([first]);
  await until(() => first.duty.terms.length === 1, 'its duties begin');
  const value = (await first.store.get(keys.leader))?.value ?? assert.fail('no key');
  await first.leader.close();
  await first.store.commit({ then: [{ put: keys.leader, value }] });
  const stale = (await first.store.get(keys.leader))?.createRevision ?? 0;
  const again = await stand(t, prefix, 'a');
  await elect([again]);
  await until(() => again.duty.terms.length === 1, 'its duties begin');
  assert.ok((again.duty.terms[0]?.revision ?? 0) > stale);
});

test('a wiped store is led again', async (t) => {
  const own = await startEtcd();
  t.after(() => own.stop());
  const store = await EtcdStore.open({ endpoints: [own.endpoint], prefix: 'x/', log });
  for (let n = 0; n < 20; n += 1) await store.commit({ then: [put('w/a', `${n}`)] });
  let lease = await store.lease(60_000);
  const duty = new Watched();
  const leader = new Leader({
    ...{ store, log, clock: systemClock, replica: 'a', incarnation: 'a', duties: [duty] },
    ...{ lease: () => lease, fenced: () => false },
  });
  t.after(async () => {
    await leader.close();
    await store.close();
  });
  leader.start();
  await until(() => leader.leading, 'it leads');
  await own.wipe();
  await until(() => duty.terms[0]?.over === true, 'it notices');
  lease = await store.lease(60_000);
  await until(() => leader.leading, 'it leads the new one');
});
