import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import { JobStore } from '../../../server/jobs/job-store.ts';
import { keys } from '../../../server/store/keys.ts';
import { openStore } from '../../../server/store/open.ts';
import type { Store } from '../../../server/store/store.ts';
import { values } from '../../../server/store/values.ts';
import { executionId, type JobId } from '../../../shared/ids.ts';
import { eventually, silent } from '../../harness/agent-connection.ts';
import { type EtcdServer, startEtcd } from '../../harness/etcd.ts';
import { TcpProxy } from '../../harness/tcp-proxy.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';

let etcd: EtcdServer;
let clusters = 0;
let store: Store;
/** Between replica a and the store. */
let cut: TcpProxy;
let a: TestReplica;
let b: TestReplica;

before(async () => {
  etcd = await startEtcd();
});
after(() => etcd.stop());

async function start(leaseTerm: string): Promise<void> {
  clusters += 1;
  const prefix = `two-replicas-${clusters}`;
  store = await openStore({ store: `etcd://${etcd.endpoint}/${prefix}`, log: silent });
  cut = await TcpProxy.start(etcd.endpoint);
  const term = ['--lease-term', leaseTerm, '--drain-timeout', '300ms'];
  a = await TestReplica.start({ store: `etcd://${cut.endpoint}/${prefix}`, name: 'a', args: term });
  b = await TestReplica.start({ store: `etcd://${etcd.endpoint}/${prefix}`, name: 'b', args: term });
}
afterEach(async () => {
  cut.allow();
  await Promise.all([a.close(), b.close()]);
  await cut.stop();
  await store.close();
});

const idOf = (job: string, node: TestNode) => executionId(job as JobId, node.uid, 1);
const closing = (events: readonly WatchEvent__Output[]) => events.findLast((event) => event.job)?.job;
/** Accepts what is new and counts it as a start; of what it knows it says the present state, as an agent does. */
function playing(nodes: readonly TestNode[], onStart: (node: TestNode) => void = () => {}) {
  const starts = new Map<string, number>();
  for (const node of nodes) {
    node.executor.onOffer = ({ execution }) => {
      const known = node.executor.present(execution);
      if (known.length === 0) {
        starts.set(node.name, (starts.get(node.name) ?? 0) + 1);
        node.executor.accept(execution);
        onStart(node);
      } else if (known.some(({ type }) => type === 'finished')) node.executor.succeed(execution);
    };
  }
  return starts;
}
async function coordinatorOf(job: string): Promise<string | undefined> {
  const entry = await store.get(keys.coordinator(job as JobId));
  return entry && values.coordinator.decode(entry.value).replica;
}
async function untilCoordinator(job: string, replica: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await coordinatorOf(job)) !== replica)
    assert.ok(performance.now() < deadline, `waited in vain for ${replica} to coordinate`);
}
async function storedTargets(job: string): Promise<number[]> {
  const targets: number[] = [];
  for await (const { target } of new JobStore({ store }).results(job as JobId)) targets.push(target);
  return targets.sort((x, y) => x - y);
}
test('a job submitted to one replica runs on nodes that another one holds, stdin and all, and is stored once', async () => {
  await start('60s');
  const nodes = [await b.node('n-1'), await b.node('n-2'), await a.node('n-3')];
  const stdin = Buffer.alloc(200_000, 'x');
  const starts = playing(nodes, ({ executor, uid }) => {
    const whenRead = setInterval(() => {
      const bytes = executor.inputs.reduce((sum, { data }) => sum + data.length, 0);
      if (bytes < stdin.length) return;
      clearInterval(whenRead);
      executor.succeed(executionId(job as JobId, uid, 1));
    }, 5);
  });
  let job = '';
  await untilSubmitted(async () => {
    job = (await a.submit(nodes, { stdin })).id;
  });
  assert.equal(closing(await a.watch(job, { withoutOutput: true }))?.counts?.succeeded, 3);
  assert.deepEqual(await storedTargets(job), [0, 1, 2]);
  assert.deepEqual([...starts.values()], [1, 1, 1]);
  for (const { executor } of nodes) {
    await eventually(() => executor.releases.flat().length === 1, 'the release');
    const sent = Buffer.concat(executor.inputs.map(({ data }) => data));
    assert.equal(createHash('sha256').update(sent).digest('hex'), createHash('sha256').update(stdin).digest('hex'));
  }
});

test('a replica that stops hands its jobs over at once, and nothing starts twice', async () => {
  await start('60s');
  const nodes = [await b.node('n-1'), await b.node('n-2'), await b.node('n-3')];
  const starts = playing(nodes);
  let job = '';
  await untilSubmitted(async () => {
    job = (await a.submit(nodes, { rollout: { maxConcurrency: { count: 2 } } })).id;
  });
  await eventually(() => starts.size === 2, 'two starts');
  await a.stop();
  // The lease of a is a minute: only a hand-over can bring it here now.
  await untilCoordinator(job, 'b');
  for (const node of nodes) {
    await eventually(() => starts.has(node.name), `the start of ${node.name}`);
    node.executor.succeed(idOf(job, node));
  }
  assert.equal(closing(await b.watch(job, { withoutOutput: true }))?.counts?.succeeded, 3);
  assert.deepEqual(await storedTargets(job), [0, 1, 2]);
  assert.deepEqual([...starts.values()], [1, 1, 1]);
});

test('a coordinator cut from the store starts nothing more; another adopts within the term, and nothing starts twice', async () => {
  await start('2s');
  const nodes = [await b.node('n-1'), await b.node('n-2'), await a.node('n-3'), await b.node('n-4')];
  const starts = playing(nodes);
  let job = '';
  await untilSubmitted(async () => {
    job = (await a.submit(nodes, { rollout: { maxConcurrency: { count: 2 } } })).id;
  });
  await eventually(() => starts.size === 2, 'two starts');
  cut.refuse();
  await untilCoordinator(job, 'b');
  for (const node of nodes.slice(0, 2)) node.executor.succeed(idOf(job, node));
  await eventually(() => starts.has('n-4'), 'the start of the next');
  // Held by a, and driven by b: its holder is still fenced.
  assert.equal(starts.has('n-3'), false);
  cut.allow();
  await eventually(() => starts.has('n-3'), 'the start of the last');
  for (const node of nodes.slice(2)) node.executor.succeed(idOf(job, node));
  assert.equal(closing(await b.watch(job, { withoutOutput: true }))?.counts?.succeeded, 4);
  assert.deepEqual(await storedTargets(job), [0, 1, 2, 3]);
  assert.deepEqual([...starts.values()], [1, 1, 1, 1]);
});

/** The directory of a replica is a moment behind the store. */
async function untilSubmitted(submit: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await submit();
    } catch (error) {
      if ((error as { reason?: string }).reason !== 'UNKNOWN_NODE' || performance.now() > deadline) throw error;
    }
  }
}
