import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import type { Order, Order__Output } from '../../../proto/gen/muster/v1/Order.ts';
import type { MusterError } from '../../../shared/errors.ts';
import { newJobId } from '../../../shared/ids.ts';
import { planRoot } from '../../../shared/merkle.ts';
import { buildOrder } from '../../../shared/order.ts';
import { jobMethods, nodeMethods } from '../../../shared/rpc/methods.ts';
import { codec } from '../../../shared/rpc/proto.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { type TestNode, TestReplica } from '../../harness/test-replica.ts';

const orders = codec<Order, Order__Output>('muster.v1.Order');
let replica: TestReplica;
let node: TestNode;
/** A job that is over, and had output. */
let job: string;

before(async () => {
  replica = await TestReplica.start();
  node = await replica.node('web-1', { role: 'web' });
  node.executor.onOffer = ({ execution }) => {
    const result = {
      state: 'EXECUTION_STATE_SUCCEEDED',
      exitCode: 0,
      startedUnixMs: 1,
      stdout: { bytes: 10 },
    } as const;
    node.executor.emit({ execution, type: 'finished', result });
  };
  job = (await replica.submit([node])).id;
  await eventually(() => node.executor.releases.length === 1, 'the release');
});
after(() => replica.close());

const plan = () => ({ root: planRoot([node.uid]), count: 1 });
/** An order with whatever else the caller encodes, which no check of ours has seen. */
function rawOrder(change: Partial<Order>): Buffer {
  const { bytes } = buildOrder({ command: { argv: ['true'] }, plan: plan(), createdUnixMs: Date.now() });
  return orders.encode({ ...orders.decode(bytes), ...change });
}
const submit = (change: Partial<Order>) => ({ order: rawOrder(change), targets: [node.uid] });
const target = { selector: 'role=web' };
const command = { argv: ['true'] };
const output = { node: 'web-1', stream: 'OUTPUT_STREAM_STDOUT' as const };

interface Case {
  readonly what: string;
  // biome-ignore lint/suspicious/noExplicitAny: every method is called here
  readonly method: MethodDefinition<any, any, any, any>;
  readonly request: () => object;
  readonly code?: number;
  readonly reason: string;
  readonly field: string;
}

const invalid = { code: status.INVALID_ARGUMENT, reason: 'INVALID_FIELD' };
const cases: Case[] = [
  {
    what: 'an empty selector',
    method: jobMethods.Plan,
    request: () => ({ target: { selector: '' } }),
    code: 3,
    reason: 'SELECTOR_EMPTY',
    field: 'target.selector',
  },
  {
    what: 'no target',
    method: jobMethods.Run,
    request: () => ({ spec: { command } }),
    code: 3,
    reason: 'SELECTOR_EMPTY',
    field: 'target.selector',
  },
  {
    what: 'a selector that is none',
    method: jobMethods.Plan,
    request: () => ({ target: { selector: 'a in (' } }),
    code: 3,
    reason: 'SELECTOR_INVALID',
    field: 'target.selector',
  },
  {
    what: 'no match',
    method: jobMethods.Run,
    request: () => ({ spec: { command }, target: { selector: 'role=none' } }),
    code: 5,
    reason: 'NO_NODE_MATCHED',
    field: 'target.selector',
  },
  {
    what: 'an unknown node',
    method: jobMethods.Plan,
    request: () => ({ target: { nodes: ['web-1', 'web-9'] } }),
    code: 5,
    reason: 'UNKNOWN_NODE',
    field: 'target.nodes[1]',
  },
  { what: 'no command', method: jobMethods.Run, request: () => ({ target }), ...invalid, field: 'spec.command' },
  {
    what: 'an argv of 10 MB',
    method: jobMethods.Run,
    request: () => ({ target, spec: { command: { argv: ['x'.repeat(1e7)] } } }),
    ...invalid,
    field: 'order.command.argv',
  },
  {
    what: 'an order of 10 MB',
    method: jobMethods.Submit,
    request: () => submit({ command: { argv: ['x'.repeat(1e7)] } }),
    ...invalid,
    field: 'order',
  },
  {
    what: '10,001 environment entries',
    method: jobMethods.Run,
    request: () => ({
      target,
      spec: {
        command: { ...command, env: Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`A${n}`, ''])) },
      },
    }),
    ...invalid,
    field: 'order.command.env',
  },
  {
    what: 'an enum number nobody knows',
    method: jobMethods.Submit,
    request: () => submit({ command: { ...command, containment: 77 as never } }),
    ...invalid,
    field: 'order.command.containment',
  },
  {
    what: 'an order id with ../',
    method: jobMethods.Submit,
    request: () => submit({ id: '../../etc/passwd' }),
    ...invalid,
    field: 'order.id',
  },
  {
    what: 'a run id with ../',
    method: jobMethods.Run,
    request: () => ({ target, spec: { command }, id: '../x' }),
    ...invalid,
    field: 'order.id',
  },
  {
    what: 'bytes that are no order',
    method: jobMethods.Submit,
    request: () => ({ order: Buffer.from('\xff\xff\xff'), targets: [node.uid] }),
    ...invalid,
    field: 'order',
  },
  {
    what: 'targets with ../',
    method: jobMethods.Submit,
    request: () => ({ ...submit({}), targets: ['../a'] }),
    ...invalid,
    field: 'targets[0]',
  },
  {
    what: 'other targets than the plan’s',
    method: jobMethods.Submit,
    request: () => ({ ...submit({}), targets: [] }),
    code: 3,
    reason: 'PLAN_MISMATCH',
    field: 'targets',
  },
  {
    what: 'standard input the order does not know',
    method: jobMethods.Submit,
    request: () => ({ ...submit({}), stdin: Buffer.from('x') }),
    ...invalid,
    field: 'stdin',
  },
  {
    what: 'the same id with other bytes',
    method: jobMethods.Submit,
    request: () => submit({ id: job }),
    code: 6,
    reason: 'ID_CONFLICT',
    field: 'order.id',
  },
  {
    what: 'a job id with ../',
    method: jobMethods.GetJob,
    request: () => ({ jobId: '../x' }),
    ...invalid,
    field: 'job_id',
  },
  {
    what: 'an unknown job',
    method: jobMethods.Watch,
    request: () => ({ jobId: newJobId() }),
    code: 5,
    reason: 'UNKNOWN_JOB',
    field: 'job_id',
  },
  {
    what: 'a signal that is none',
    method: jobMethods.Cancel,
    request: () => ({ jobId: job, signal: 99 }),
    ...invalid,
    field: 'signal',
  },
  {
    what: 'a resume point of nothing',
    method: jobMethods.Watch,
    request: () => ({ jobId: job, resume: [{ execution: '../x' }] }),
    ...invalid,
    field: 'resume[0].execution',
  },
  {
    what: 'an offset past the end',
    method: jobMethods.ReadOutput,
    request: () => ({ ...output, jobId: job, from: 11 }),
    code: 11,
    reason: 'OFFSET_PAST_END',
    field: 'from',
  },
  {
    what: 'a range that ends before it begins',
    method: jobMethods.ReadOutput,
    request: () => ({ ...output, jobId: job, from: 5, until: 2 }),
    ...invalid,
    field: 'until',
  },
  {
    what: 'a stream nobody knows',
    method: jobMethods.ReadOutput,
    request: () => ({ ...output, jobId: job, stream: 9 }),
    ...invalid,
    field: 'stream',
  },
  {
    what: 'output of a node that is not in the job',
    method: jobMethods.ReadOutput,
    request: () => ({ ...output, jobId: job, node: 'web-9' }),
    code: 5,
    reason: 'UNKNOWN_EXECUTION',
    field: 'node',
  },
  {
    what: 'a page too large',
    method: jobMethods.ListJobs,
    request: () => ({ pageSize: 1001 }),
    ...invalid,
    field: 'page_size',
  },
  {
    what: 'a page token of nobody',
    method: jobMethods.ListJobs,
    request: () => ({ pageToken: '../é x' }),
    ...invalid,
    field: 'page_token',
  },
  {
    what: 'a page token that is no index',
    method: jobMethods.ListExecutions,
    request: () => ({ jobId: job, pageToken: ' 1e2' }),
    ...invalid,
    field: 'page_token',
  },
  {
    what: 'a page token that is no name',
    method: nodeMethods.ListNodes,
    request: () => ({ pageToken: '__proto__' }),
    ...invalid,
    field: 'page_token',
  },
  {
    what: 'a label named __proto__',
    method: nodeMethods.SetLabels,
    request: () => ({ node: 'web-1', set: Object.fromEntries([['__proto__', 'x']]) }),
    ...invalid,
    field: 'set["__proto__"]',
  },
  {
    what: 'a label named __proto__ to remove',
    method: nodeMethods.SetLabels,
    request: () => ({ node: 'web-1', remove: ['__proto__'] }),
    ...invalid,
    field: 'remove[0]',
  },
  {
    what: 'a node called nothing',
    method: nodeMethods.GetNode,
    request: () => ({ node: '' }),
    ...invalid,
    field: 'node',
  },
  {
    what: 'a node that is connected, to remove',
    method: nodeMethods.RemoveNode,
    request: () => ({ node: 'web-1' }),
    code: 9,
    reason: 'NODE_CONNECTED',
    field: 'node',
  },
];

for (const { what, method, request, code, reason, field } of cases) {
  test(`${what} is refused, naming the field`, async () => {
    const call = async (): Promise<void> => {
      if (!method.responseStream) return void (await replica.client.call(method, request()));
      for await (const _ of replica.client.stream(method, request(), { timeoutMs: 10_000 }));
    };
    await assert.rejects(call(), (error: MusterError & { grpcStatus: number }) => {
      assert.deepEqual([error.reason, error.field, error.grpcStatus], [reason, field, code], error.message);
      return true;
    });
    assert.equal((await replica.client.call(nodeMethods.GetNode, { node: 'web-1' })).node?.connected, true);
  });
}
