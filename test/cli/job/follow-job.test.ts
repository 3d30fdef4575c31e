import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anything } from '../../../cli/job/believed.ts';
import { type FollowEvent, followJob } from '../../../cli/job/follow-job.ts';
import { planNodes } from '../../../cli/job/plan-nodes.ts';
import { freezeOrder, submitOrder } from '../../../cli/job/submit-order.ts';
import { MusterError } from '../../../shared/errors.ts';
import { RpcClient } from '../../../shared/rpc/client.ts';
import { FakeControlPlane } from '../../harness/fake-control-plane.ts';

async function setUp(argv: string[], retryForMs = 30_000) {
  const plane = new FakeControlPlane([
    { name: 'web-1', labels: { role: 'web' } },
    { name: 'web-2', labels: { role: 'web' } },
  ]);
  await plane.start();
  const client = new RpcClient({ servers: [plane.address] });
  const planned = await planNodes(client, { selector: 'role=web', nodes: [] });
  const order = freezeOrder({ command: { argv }, selector: 'role=web', createdUnixMs: Date.now() }, planned, undefined);
  return { plane, client, order, follow: () => followJob({ client, jobId: order.id, belief: anything, retryForMs }) };
}

const textOf = (events: readonly FollowEvent[], node: string): string =>
  Buffer.concat(
    events.flatMap((event) =>
      event.type === 'output' && event.node === node && event.stream === 'stdout' ? [event.data] : [],
    ),
  ).toString();

test('a watch that is cut again and again tells every byte once and each end', async () => {
  const { plane, client, order, follow } = await setUp(['sh', '-c', 'seq 1 2000; sleep 0.2; seq 2001 4000']);
  await using _ = plane;
  plane.chunkBytes = 512;
  await submitOrder(client, order, { retryForMs: 0 });
  const events: FollowEvent[] = [];
  let cuts = 0;
  for await (const event of follow()) {
    events.push(event);
    if (event.type === 'output' && events.length % 9 === 0 && cuts < 12) {
      cuts += 1;
      plane.cutWatches();
    }
  }
  client.close();
  assert.ok(cuts >= 5, `${cuts} cuts`);
  assert.ok(events.filter(({ type }) => type === 'reconnecting').length >= 1);
  const watches = plane.requests.filter(({ method }) => method === 'Watch') as {
    request: { resume: { stdoutOffset: number }[] };
  }[];
  // The replica is told what there is already, and need not send it again.
  for (const { request } of watches.slice(1)) assert.ok(request.resume.some(({ stdoutOffset }) => stdoutOffset > 0));
  const expected = Array.from({ length: 4000 }, (_, at) => `${at + 1}\n`).join('');
  assert.equal(textOf(events, 'web-1'), expected);
  assert.equal(textOf(events, 'web-2'), expected);
  assert.equal(events.filter(({ type }) => type === 'end').length, 4);
  assert.equal(events.filter(({ type }) => type === 'gap').length, 0);
  const states = events.flatMap((event) => (event.type === 'execution' ? [event.execution.state] : []));
  assert.equal(states.filter((state) => state === 'EXECUTION_STATE_SUCCEEDED').length, 2);
});

test('a control plane that is gone for a while is waited for', async () => {
  const { plane, client, order, follow } = await setUp(['sh', '-c', 'echo before; sleep 0.3; echo after']);
  await using _ = plane;
  await submitOrder(client, order, { retryForMs: 0 });
  const events: FollowEvent[] = [];
  for await (const event of follow()) {
    events.push(event);
    if (event.type === 'output' && !events.some(({ type }) => type === 'reconnecting')) plane.stop();
    if (event.type === 'reconnecting') await plane.start();
  }
  client.close();
  assert.equal(textOf(events, 'web-1'), 'before\nafter\n');
});

test('when nobody answers for too long the error says who was asked', async () => {
  const { plane, client, order, follow } = await setUp(['sleep', '30'], 300);
  await using _ = plane;
  await submitOrder(client, order, { retryForMs: 0 });
  const following = (async () => {
    for await (const event of follow()) if (event.type === 'execution') plane.stop();
  })();
  await assert.rejects(
    following,
    (error: MusterError) => error.reason === 'REPLICA_UNAVAILABLE' && /127\.0\.0\.1/.test(error.message),
  );
  client.close();
});

test('a submit that was answered with UNAVAILABLE is repeated with the same id and bytes', async () => {
  const { plane, client, order } = await setUp(['true']);
  await using _ = plane;
  const away = new MusterError('STORE_UNAVAILABLE', 'the store is away');
  plane.failNext('Submit', away, away);
  const { existed } = await submitOrder(client, order, { retryForMs: 30_000 });
  assert.equal(existed, false);
  const submits = plane.requests.filter(({ method }) => method === 'Submit') as { request: { order: Buffer } }[];
  assert.equal(submits.length, 3);
  for (const { request } of submits) assert.deepEqual(Buffer.from(request.order), order.bytes);
  const again = await submitOrder(client, order, { retryForMs: 0 });
  assert.equal(again.existed, true);
  client.close();
});

test('what the catalog calls final is not repeated', async () => {
  const { plane, client, order } = await setUp(['true']);
  await using _ = plane;
  plane.failNext('Submit', new MusterError('PLAN_MISMATCH', 'no'));
  await assert.rejects(submitOrder(client, order, { retryForMs: 30_000 }), { reason: 'PLAN_MISMATCH' });
  assert.equal(plane.requests.filter(({ method }) => method === 'Submit').length, 1);
  client.close();
});
