import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { newNodeUid } from '../../../shared/ids.ts';
import { TestReplica } from '../../harness/test-replica.ts';

let replica: TestReplica;

before(async () => {
  replica = await TestReplica.start();
  const node = await replica.node('web-1', { role: 'web' });
  node.executor.onOffer = ({ execution }) => {
    node.executor.accept(execution);
    node.executor.succeed(execution);
  };
});
after(() => replica.close());

const services = ['AgentService', 'ClusterService', 'JobService', 'NodeService'].map((name) => `muster.v1.${name}`);

/** `buf curl`, over reflection; ends it once `enough` says so. */
async function curl(
  args: readonly string[],
  more: { stdin?: string; enough?: (said: string) => boolean } = {},
): Promise<string> {
  const url = `http://${replica.address}`;
  const last = args.at(-1) ?? '';
  const all = [
    'curl',
    '--protocol',
    'grpc',
    '--http2-prior-knowledge',
    ...args.slice(0, -1),
    last.startsWith('-') ? last : `${url}/${last}`,
  ];
  if (last.startsWith('-')) all.push(url);
  const child = spawn('npx', ['buf', ...all], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let said = '';
  const errors = text(child.stderr);
  child.stdin.write(more.stdin ?? '');
  if (!more.enough) child.stdin.end();
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (more.enough?.(said) && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (!more.enough) assert.equal(code, 0, await errors);
  return said;
}

test('buf curl lists every service and describes every method', async () => {
  const listed = await curl(['--list-services']);
  for (const service of [...services, 'grpc.health.v1.Health'])
    assert.ok(listed.includes(service), `${service} in ${listed}`);
  const methods = await curl(['--list-methods']);
  for (const method of [
    'JobService/Run',
    'NodeService/WatchNodes',
    'AgentService/Connect',
    'ClusterService/GetVersion',
  ]) {
    assert.ok(methods.includes(method), `${method} in ${methods}`);
  }
});

test('buf curl calls unary methods', async () => {
  assert.ok((await curl(['-d', '{}', 'muster.v1.ClusterService/GetVersion'])).includes('"protocol"'));
  assert.ok((await curl(['-d', '{"node":"web-1"}', 'muster.v1.NodeService/GetNode'])).includes('"connected": true'));
  assert.ok((await curl(['-d', '{}', 'grpc.health.v1.Health/Check'])).includes('SERVING'));
});

test('buf curl calls streaming methods', async () => {
  const run = '{"target":{"selector":"role=web"},"spec":{"command":{"argv":["true"]}}}';
  const said = await curl(['-d', run, 'muster.v1.JobService/Run']);
  assert.ok(said.includes('JOB_STATE_CLOSED'), said);
  assert.ok(said.includes('EXECUTION_STATE_SUCCEEDED'), said);
});

test('buf curl calls AgentService.Connect, both ways at once', async () => {
  const hello = JSON.stringify({ hello: { name: 'by-hand', uid: newNodeUid(), version: '1', last: true } });
  const said = await curl(['-d', '@-', 'muster.v1.AgentService/Connect'], {
    stdin: hello,
    enough: (so) => so.includes('welcome'),
  });
  assert.ok(said.includes('"replica": "test-replica"') || said.includes('welcome'), said);
});
