import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { WatchEvent__Output } from '../../../proto/gen/muster/v1/WatchEvent.ts';
import type { MusterError } from '../../../shared/errors.ts';
import { type ExecutionId, executionId, type JobId } from '../../../shared/ids.ts';
import { RpcClient } from '../../../shared/rpc/client.ts';
import { jobMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { OutputExecutor } from '../../harness/fake-output.ts';
import { FaultyReplica } from '../../harness/faulty-replica.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';

type Node = TestNode & { readonly executor: OutputExecutor };

let cluster: TestReplica;
let replica: FaultyReplica;

beforeEach(async () => {
  cluster = await TestReplica.start({
    start: async (settings) => {
      replica = await FaultyReplica.start(settings);
      return replica;
    },
  });
});
afterEach(() => cluster.close());

async function nodeOf(name: string): Promise<Node> {
  const node = await cluster.node(name, {}, new OutputExecutor());
  node.executor.onOffer = ({ execution }) => {
    if (node.executor.present(execution).length === 0) node.executor.start(execution);
  };
  return node;
}
const idOf = (job: string, node: TestNode): ExecutionId => executionId(job as JobId, node.uid, 1);

/** A watch that goes on in the background. */
function watching(job: string, request: object = {}) {
  const events: WatchEvent__Output[] = [];
  const abort = new AbortController();
  const ended = (async () => {
    const options = { signal: abort.signal, timeoutMs: 30_000 };
    for await (const { event } of cluster.client.stream(jobMethods.Watch, { jobId: job, ...request }, options)) {
      if (event) events.push(event as WatchEvent__Output);
    }
  })();
  ended.catch(() => {});
  return { events, abort, ended };
}
const bytesOf = (events: readonly WatchEvent__Output[], stream = 'OUTPUT_STREAM_STDOUT'): string =>
  events.map(({ output }) => (output?.stream === stream ? output.data.toString() : '')).join('');
const ends = (events: readonly WatchEvent__Output[]) =>
  events.flatMap(({ output }) => (output?.end ? [output.stream] : []));

test('a watcher gets a snapshot, then what changes, and all output to its end', async () => {
  const node = await nodeOf('n');
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  node.executor.output(idOf(id, node), 'stdout').write('one ');
  const { events, ended } = watching(id);
  await eventually(() => bytesOf(events) === 'one ', 'the first output');
  assert.ok(events.findIndex((event) => event.snapshotEnd) >= 1);
  node.executor.output(idOf(id, node), 'stderr').write('oops');
  node.executor.output(idOf(id, node), 'stdout').write('two');
  node.executor.finish(idOf(id, node));
  await ended;
  assert.deepEqual([bytesOf(events), bytesOf(events, 'OUTPUT_STREAM_STDERR')], ['one two', 'oops']);
  assert.deepEqual(ends(events).sort(), ['OUTPUT_STREAM_STDERR', 'OUTPUT_STREAM_STDOUT']);
  const states = events.flatMap((event) => event.executions?.executions ?? []).map(({ state }) => state);
  assert.equal(states.at(-1), 'EXECUTION_STATE_SUCCEEDED');
  assert.equal(events.findLast((event) => event.job)?.job?.state, 'JOB_STATE_CLOSED');
  await eventually(() => node.executor.openReaders === 0, 'no readers');
});

test('a watcher that comes back with what it has gets nothing of that again', async () => {
  const node = await nodeOf('n');
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const execution = idOf(id, node);
  node.executor.output(execution, 'stdout').write('0123456789');
  node.executor.output(execution, 'stderr').write('err');
  node.executor.finish(execution);
  await cluster.watch(id);
  const seen = { execution, state: 'EXECUTION_STATE_SUCCEEDED', stdoutOffset: 4, stderrOffset: 3, stderrEnded: true };
  const events = await cluster.watch(id, { resume: [seen] });
  assert.equal(bytesOf(events), '456789');
  assert.deepEqual(ends(events), ['OUTPUT_STREAM_STDOUT']);
  assert.deepEqual(
    events.flatMap((event) => event.executions?.executions ?? []),
    [],
  );
  assert.equal(events.find(({ output }) => output)?.output?.offset, 4);
});

test('a watcher that comes back is never told less than it has, though this replica has not heard of it yet', async () => {
  const node = await nodeOf('n');
  node.executor.onOffer = () => {};
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const execution = idOf(id, node);
  const { events, ended } = watching(id, { resume: [{ execution, state: 'EXECUTION_STATE_RUNNING' }] });
  const states = () => events.flatMap((event) => event.executions?.executions ?? []).map(({ state }) => state);
  await eventually(() => events.some(({ snapshotEnd }) => snapshotEnd), 'the snapshot');
  node.executor.accept(execution);
  await eventually(() => states().length === 1, 'a word of it');
  node.executor.start(execution);
  node.executor.finish(execution);
  await ended;
  assert.deepEqual([...new Set(states())], ['EXECUTION_STATE_RUNNING', 'EXECUTION_STATE_SUCCEEDED']);
});

test('a watcher that comes back gets the output of what it knows has begun, though this replica has not heard of it yet', async () => {
  const [known, written] = [await nodeOf('known'), await nodeOf('written')];
  const nodes = [known, written, await nodeOf('new')];
  for (const node of nodes) node.executor.onOffer = () => {};
  const { id } = await cluster.submit(nodes);
  const state = 'EXECUTION_STATE_RUNNING';
  for (const node of nodes) {
    await eventually(() => node.executor.offers.length === 1, 'the offer');
    node.executor.output(idOf(id, node), 'stdout').write(`0123 ${node.name};`);
  }
  const resume = [
    { execution: idOf(id, known), state },
    { execution: idOf(id, written), stdoutOffset: 5 },
  ];
  const { events, ended } = watching(id, { resume });
  await eventually(() => bytesOf(events).length === '0123 known;written;'.length, 'its output');
  assert.deepEqual([...bytesOf(events).split(';')].sort(), ['', '0123 known', 'written']);
  for (const node of nodes) {
    node.executor.start(idOf(id, node));
    node.executor.finish(idOf(id, node));
  }
  await ended;
  assert.deepEqual(bytesOf(events).split(';').sort(), ['', '0123 known', '0123 new', 'written']);
  assert.equal(ends(events).length, 6);
});

test('a watch that is cancelled leaves no reader behind, on the replica or on the node', async () => {
  const nodes = await Promise.all(Array.from({ length: 5 }, (_, n) => nodeOf(`n-${n}`)));
  const { id } = await cluster.submit(nodes);
  const { abort, ended } = watching(id);
  await eventually(() => nodes.every(({ executor }) => executor.openReaders === 2), 'the readers');
  abort.abort(new Error('enough'));
  await assert.rejects(ended);
  await eventually(() => nodes.every(({ executor }) => executor.openReaders === 0), 'no readers');
  assert.deepEqual([replica.outputs.reads, replica.outputs.lentBytes], [0, 0]);
});

test('a watcher that does not read holds little, and harms no other', async () => {
  const node = await nodeOf('n');
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const execution = idOf(id, node);
  // A connection of its own: streams of one share its window.
  const sleeper = new RpcClient({ servers: [cluster.address] });
  const paused = sleeper.stream(jobMethods.Watch, { jobId: id });
  await paused.next();
  const stdout = node.executor.output(execution, 'stdout');
  const content = 'x'.repeat(24 * 1024 * 1024);
  stdout.write(content);
  node.executor.finish(execution);
  let bytes = 0;
  for await (const { event } of cluster.client.stream(jobMethods.Watch, { jobId: id }, { timeoutMs: 30_000 })) {
    bytes += event?.output?.data?.length ?? 0;
  }
  assert.equal(bytes, content.length);
  // What its read has fetched and what is lent to it: all that is held for it, beside what the connection holds.
  const held = replica.outputs.lentBytes + (stdout.open > 0 ? stdout.slowest : 0);
  assert.ok(held < 12 * 1024 * 1024, `${held} bytes are held for a reader that sleeps`);
  await paused.return();
  sleeper.close();
  await eventually(() => replica.outputs.reads === 0, 'no reads');
});

test('output of a node that is away when its job closes is unavailable, and the watch ends', async () => {
  const [gone, here] = [await nodeOf('a'), await nodeOf('b')];
  const { id } = await cluster.submit([gone, here]);
  await eventually(() => [gone, here].every(({ executor }) => executor.offers.length === 1), 'the offers');
  gone.executor.output(idOf(id, gone), 'stdout').write('part');
  const { events, ended } = watching(id);
  await eventually(() => bytesOf(events) === 'part', 'its output');
  const summaries = { stdout: { bytes: 10 }, stderr: { bytes: 0 } };
  const result = { state: 'EXECUTION_STATE_SUCCEEDED', startedUnixMs: 1, ...summaries } as const;
  gone.executor.emit({ execution: idOf(id, gone), type: 'finished', result });
  await eventually(() => gone.executor.releases.length === 1, 'the release');
  await gone.connection.close();
  await eventually(() => replica.fleet.size === 1, 'its going');
  here.executor.finish(idOf(id, here));
  await ended;
  const last = events.findLast(
    ({ output }) => output?.node === 'a' && output.stream === 'OUTPUT_STREAM_STDOUT',
  )?.output;
  assert.deepEqual([last?.unavailable, last?.offset], ['node-away', 4]);
});

test('a node that goes after its job has closed is waited for a while, and not for ever', async () => {
  const node = await nodeOf('n');
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const execution = idOf(id, node);
  const result = { state: 'EXECUTION_STATE_SUCCEEDED', startedUnixMs: 1, stdout: { bytes: 8 } } as const;
  node.executor.output(execution, 'stdout').write('half');
  node.executor.emit({ execution, type: 'finished', result });
  await eventually(() => replica.jobs.open === 0, 'the close');
  const { events, ended } = watching(id);
  await eventually(() => bytesOf(events) === 'half', 'half of it');
  await node.connection.close();
  await eventually(() => replica.fleet.size === 0, 'its going');
  const back = (await cluster.again(node)) as Node;
  back.executor.output(execution, 'stdout').write('half');
  await eventually(() => bytesOf(events) === 'halfhalf', 'the other half');
  await back.connection.close();
  await eventually(() => replica.fleet.size === 0, 'its going');
  replica.clock.jump(6000);
  await ended;
  assert.equal(events.findLast(({ output }) => output)?.output?.unavailable, 'node-away');
});

test('a job that closes at its deadline ends its watches, with what its executions have written and their state said', async () => {
  const node = await nodeOf('n');
  const { id } = await cluster.submit([node], { deliverWithinMs: 50_000, jobDeadlineUnixMs: Date.now() + 60_000 });
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const { events, ended } = watching(id);
  node.executor.output(idOf(id, node), 'stdout').write('so far');
  await eventually(() => bytesOf(events) === 'so far', 'its output');
  replica.clock.jump(61_000);
  await ended;
  assert.equal(bytesOf(events), 'so far');
  assert.equal(events.flatMap((event) => event.executions?.executions ?? []).at(-1)?.undetermined, true);
  assert.deepEqual(
    events.flatMap(({ output }) => output?.unavailable || []),
    ['undetermined', 'undetermined'],
  );
  const later = await cluster.watch(id);
  assert.equal(bytesOf(later), 'so far');
  await eventually(() => node.executor.openReaders === 0, 'no readers');
});

test('a replica that stops tells its watchers to come again, at once', async () => {
  const node = await nodeOf('n');
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.openReaders === 0 && node.executor.offers.length === 1, 'the offer');
  const { events, ended } = watching(id);
  await eventually(() => events.some((event) => event.snapshotEnd), 'the snapshot');
  const stopped = cluster.stop();
  await assert.rejects(ended, (error: MusterError) => error.reason === 'REPLICA_STOPPING');
  await stopped;
  await cluster.begin();
  const again = watching(id);
  await eventually(() => again.events.some((event) => event.snapshotEnd), 'the snapshot');
  node.executor.finish(idOf(id, node));
  await again.ended;
});

test('a replica that stops ends a watch of nodes too, and one that nobody reads', async () => {
  const node = await nodeOf('n');
  const nodes = cluster.client.stream(nodeMethods.WatchNodes, {}, { timeoutMs: 30_000 });
  await nodes.next();
  await nodes.next();
  const next = nodes.next();
  const rejected = assert.rejects(next, (error: MusterError) => error.reason === 'REPLICA_STOPPING');
  await cluster.stop();
  await rejected;
  assert.equal(node.executor.openReaders, 0);
});

async function read(job: string, request: object): Promise<{ text: string; end: boolean }> {
  let text = '';
  let end = false;
  const call = { jobId: job, node: 'n', stream: 'OUTPUT_STREAM_STDOUT' as const, ...request };
  for await (const { chunk } of cluster.client.stream(jobMethods.ReadOutput, call, { timeoutMs: 30_000 })) {
    text += chunk?.data?.toString() ?? '';
    end ||= chunk?.end === true;
  }
  return { text, end };
}

test('output is read by range, up to the present, and to its end', async () => {
  const node = await nodeOf('n');
  const { id } = await cluster.submit([node]);
  await eventually(() => node.executor.offers.length === 1, 'the offer');
  const stdout = node.executor.output(idOf(id, node), 'stdout');
  assert.deepEqual(await read(id, {}), { text: '', end: false });
  stdout.write('0123456789');
  assert.deepEqual(await read(id, {}), { text: '0123456789', end: false });
  assert.deepEqual(await read(id, { from: 2, until: 5 }), { text: '234', end: false });
  await assert.rejects(
    read(id, { from: 11 }),
    (error: MusterError) => error.reason === 'OFFSET_PAST_END' && error.field === 'from',
  );
  const followed = read(id, { from: 8, follow: true });
  const ranged = read(id, { from: 8, until: 12, follow: true });
  stdout.write('abcdef');
  assert.deepEqual(await ranged, { text: '89ab', end: false });
  node.executor.finish(idOf(id, node));
  assert.deepEqual(await followed, { text: '89abcdef', end: true });
  await eventually(() => replica.jobs.open === 0, 'the close');
  assert.deepEqual(await read(id, { from: 14 }), { text: 'ef', end: true });
  await node.connection.close();
  await eventually(() => replica.fleet.size === 0, 'its going');
  await assert.rejects(read(id, {}), (error: MusterError) => error.reason === 'NODE_AWAY');
});
