import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import type { ExecutionId, NodeUid } from '../../../shared/ids.ts';
import { newNodeUid } from '../../../shared/ids.ts';
import { connect, eventually } from '../../harness/agent-connection.ts';
import { startEtcd } from '../../harness/etcd.ts';
import { FakeExecutor } from '../../harness/fake-executor.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';

const lane = { name: 'deploy', concurrency: 1 };
const etcd = await startEtcd();
const term = ['--lease-term', '60s', '--drain-timeout', '300ms'];
const a = await TestReplica.start({ store: `etcd://${etcd.endpoint}/old-agents`, name: 'a', args: term });
const b = await TestReplica.start({ store: `etcd://${etcd.endpoint}/old-agents`, name: 'b', args: term });
const nodes: TestNode[] = [];
after(async () => {
  for (const { connection } of nodes) await connection.close();
  await Promise.all([a.close(), b.close()]);
  await etcd.stop();
});

/** A node held by a replica, its agent with these capabilities; what it is offered succeeds. */
async function join(replica: TestReplica, name: string, capabilities: string[]): Promise<TestNode> {
  const uid: NodeUid = newNodeUid();
  const executor = new FakeExecutor();
  executor.onOffer = ({ execution }: { execution: ExecutionId }) => {
    executor.accept(execution);
    executor.succeed(execution);
  };
  let live = false;
  const identity = { name, uid, bootId: 'b', version: '0', labels: {}, facts: {}, capabilities };
  const connection = connect([replica.address], executor, { identity, onLive: () => (live = true) });
  await eventually(() => live, 'a session');
  const node = { uid, name, executor, connection };
  nodes.push(node);
  return node;
}

async function end(node: TestNode, options: { lane?: typeof lane }): Promise<string> {
  let submitted: { id: string } | undefined;
  // The other replica learns of the node on its own time.
  for (const deadline = performance.now() + 20_000; submitted === undefined; ) {
    submitted = await a.submit([node], options).catch((error: unknown) => {
      if (performance.now() > deadline) throw error;
      return undefined;
    });
  }
  const events: WatchEvent__Output[] = await a.watch(submitted.id, { withoutOutput: true });
  const last = events.flatMap(({ executions }) => executions?.executions ?? []).at(-1);
  return `${last?.state} ${last?.result?.reason}`.trim();
}

for (const [where, holder] of [
  ['by the replica that drives the job', () => a],
  ['by another replica', () => b],
] as const) {
  test(`an order with a lane never reaches an agent that keeps none, held ${where}: REJECTED(lanes)`, async () => {
    const old = await join(holder(), `old-${holder().name}`, []);
    assert.equal(await end(old, { lane }), 'EXECUTION_STATE_REJECTED lanes');
    assert.deepEqual(old.executor.known(), []);
    assert.equal(await end(old, {}), 'EXECUTION_STATE_SUCCEEDED', 'without a lane it runs');
    const today = await join(holder(), `today-${holder().name}`, ['lanes']);
    assert.equal(await end(today, { lane }), 'EXECUTION_STATE_SUCCEEDED', 'with one it runs where it is kept');
  });
}
