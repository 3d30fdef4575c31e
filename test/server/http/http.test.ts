import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type HttpOptions, startHttp } from '../../../server/http/http.ts';
import { Metrics } from '../../../shared/metrics.ts';

async function start(
  t: TestContext,
  options: Partial<HttpOptions> = {},
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const fill = { metrics: new Metrics(), ready: () => [], log: { error() {} } };
  const http = await startHttp({ address: '127.0.0.1:0', ...fill, ...options });
  t.after(() => http.close());
  return (path, init) => fetch(`http://${http.address}${path}`, init);
}

test('metrics are served in Prometheus’s text format', async (t) => {
  const metrics = new Metrics();
  metrics.counter('muster_jobs_submitted_total', { help: 'Jobs.' }).add({});
  const get = await start(t, { metrics });
  const answer = await get('/metrics?x=1');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(await answer.text(), /^muster_jobs_submitted_total 1$/m);
});

test('a replica that can’t work is alive but not ready, and says why', async (t) => {
  let reasons = ['the store is away', 'draining'];
  const get = await start(t, { ready: () => reasons });
  assert.equal((await get('/healthz')).status, 200);
  const away = await get('/readyz');
  assert.deepEqual([away.status, await away.text()], [503, 'not ready: the store is away; draining\n']);
  reasons = [];
  const back = await get('/readyz');
  assert.deepEqual([back.status, await back.text()], [200, 'ready\n']);
});

test('other paths and methods are refused, HEAD has no body', async (t) => {
  const get = await start(t);
  assert.equal((await get('/')).status, 404);
  assert.equal((await get('/../../etc/passwd')).status, 404);
  assert.equal((await get('/healthz', { method: 'POST', body: 'x' })).status, 405);
  const head = await get('/healthz', { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('an error while answering is logged and answered, the next request is served', async (t) => {
  const logged: unknown[] = [];
  const metrics = {
    render: () => {
      throw new Error('broken');
    },
  };
  const get = await start(t, {
    metrics,
    log: { error: (fields: unknown) => logged.push(fields) } as HttpOptions['log'],
  });
  const answer = await get('/metrics');
  assert.equal(answer.status, 500);
  assert.doesNotMatch(await answer.text(), /broken/);
  assert.equal(logged.length, 1);
  assert.equal((await get('/healthz')).status, 200);
});

test('an address that others could reach, or that is taken, is refused by name', async (t) => {
  const options = { metrics: new Metrics(), ready: () => [], log: { error() {} } };
  await assert.rejects(startHttp({ ...options, address: '0.0.0.0:0' }), {
    field: '--http',
    message: /no access control/,
  });
  const first = await startHttp({ ...options, address: '127.0.0.1:0' });
  t.after(() => first.close());
  await assert.rejects(startHttp({ ...options, address: first.address }), {
    field: '--http',
    message: /can't listen.*EADDRINUSE/,
  });
});

test('closing ends what is open at once, a request in the middle of its head too', async () => {
  const http = await startHttp({
    address: '127.0.0.1:0',
    metrics: new Metrics(),
    ready: () => [],
    log: { error() {} },
  });
  const socket = connect(Number(http.address.split(':')[1]), '127.0.0.1');
  let heard = '';
  socket.on('data', (data) => {
    heard += data.toString();
  });
  socket.write('GET /healthz HTTP/1.1\r\nhost:');
  await once(socket, 'connect');
  // Connections are accepted in order: once this one is answered the server has the other.
  await (await fetch(`http://${http.address}/healthz`)).text();
  const closed = once(socket, 'close');
  await http.close();
  await closed;
  // A server that merely stops listening lets it run into its timeout, 408.
  assert.equal(heard, '');
  await assert.rejects(fetch(`http://${http.address}/healthz`));
});
