import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Connection } from '../../../agent/connection.ts';
import type { OutputReader } from '../../../agent/executor.ts';
import type { Read } from '../../../proto/gen/muster/v1/Read.ts';
import { connect, eventually, patternReader } from '../../harness/agent-connection.ts';
import { AgentServer, type ServerSession } from '../../harness/agent-server.ts';
import { FakeExecutor, testId } from '../../harness/fake-executor.ts';

const id = testId(1);
const mebibyte = 1024 * 1024;
let server: AgentServer;
let executor: FakeExecutor;
let connection: Connection;
let session: ServerSession;

beforeEach(async () => {
  server = await AgentServer.start();
  executor = new FakeExecutor();
  connection = connect([server.address], executor);
  session = await server.session(0);
  await session.greet();
});
afterEach(async () => {
  server.kill();
  await connection.close();
});

const read = (readId: number, more: Read = {}): void =>
  session.send({ read: { readId, execution: id, stream: 'OUTPUT_STREAM_STDOUT', ...more } });
const bytesOf = (readId: number): Buffer => Buffer.concat(session.outputsOf(readId).map(({ data }) => data));
const expected = (from: number, until: number): Buffer =>
  Buffer.from(Array.from({ length: until - from }, (_, at) => (from + at) % 251));

test('a read gets no byte at or past its credit, and goes on where it was when the credit grows', async () => {
  executor.readers.set(`${id} stdout`, patternReader(200_000));
  read(1, { until: 100 });
  await session.until(() => bytesOf(1).length >= 100, '100 bytes');
  read(1, { until: 100 });
  read(1, { until: 50 });
  read(2, { until: 1 });
  await session.until(() => bytesOf(2).length === 1, 'the other read');
  assert.equal(bytesOf(1).length, 100);
  read(1, { from: 0, until: 150_000 });
  await session.until(() => bytesOf(1).length >= 150_000, 'the rest of the credit');
  read(1, { until: 300_000 });
  await session.until(() => session.outputsOf(1).some(({ end }) => end), 'the end');
  assert.ok(bytesOf(1).equals(expected(0, 200_000)));
  assert.equal(session.outputsOf(1).at(-1)?.offset, 200_000);
  for (const { offset, data } of session.outputsOf(1)) {
    assert.ok(data.length <= 64 * 1024);
    assert.ok(data.equals(expected(offset, offset + data.length)));
  }
});

test('a credit smaller than the one before takes nothing back', async () => {
  executor.readers.set(`${id} stdout`, patternReader(500_000));
  read(1, { until: 400_000 });
  read(1, { until: 10 });
  await session.until(() => bytesOf(1).length >= 400_000, 'the whole credit');
});

test('a read begins at the offset asked for', async () => {
  executor.readers.set(`${id} stderr 70000`, patternReader(100_000, 70_000));
  read(1, { stream: 'OUTPUT_STREAM_STDERR', from: 70_000, until: 200_000 });
  await session.until(() => session.outputsOf(1).some(({ end }) => end), 'the end');
  assert.equal(session.outputsOf(1)[0]?.offset, 70_000);
  assert.ok(bytesOf(1).equals(expected(70_000, 100_000)));
});

test('of one execution a ninth read is refused, until another is closed', async () => {
  executor.readers.set(`${id} stdout`, patternReader(10, 0, false));
  for (let readId = 1; readId <= 9; readId += 1) read(readId, { until: 100 });
  await session.until(() => session.outputsOf(9).length === 1 && bytesOf(8).length === 10, 'the refusal');
  assert.equal(session.outputsOf(9)[0]?.error, 'too-many-reads');
  assert.deepEqual(
    session.outputs.filter(({ error }) => error).map(({ readId }) => readId),
    [9],
  );
  read(3, { close: true });
  read(10, { until: 100 });
  await session.until(() => session.outputsOf(10).length > 0, 'the tenth');
  assert.equal(bytesOf(10).length, 10);
});

test('a credit that crosses the end of its read opens nothing anew', async () => {
  executor.readers.set(`${id} stdout`, patternReader(10));
  read(1, { until: 100 });
  await session.until(() => session.outputsOf(1).some(({ end }) => end), 'the end');
  read(1, { until: 200 });
  read(2, { until: 100 });
  await session.until(() => session.outputsOf(2).some(({ end }) => end), 'the end of the other');
  assert.equal(bytesOf(1).length, 10);
});

test('a read of an execution that nobody knows, past the end, or of a broken disk says so', async () => {
  const broken: OutputReader = { offset: 0, read: () => Promise.reject(new Error('EIO')), close: () => {} };
  executor.readers.set(`${id} stdout`, patternReader(10, 11));
  executor.readers.set(`${testId(3)} stdout`, () => broken);
  read(1, { from: 11, until: 100 });
  read(2, { execution: testId(2), until: 100 });
  read(3, { execution: testId(3), until: 100 });
  await session.until(() => session.outputs.length === 3, 'three answers');
  assert.deepEqual(session.outputs.map(({ readId, error }) => [readId, error]).sort(), [
    [1, 'offset-past-end'],
    [2, 'unknown-execution'],
    [3, 'io'],
  ]);
});

test('a read of an old result without output fails at once, one of an execution still to start waits', async () => {
  executor.succeed(testId(4));
  executor.accept(testId(5));
  session.end();
  session = await server.session(1);
  await session.greet();
  read(1, { execution: testId(5), until: 100 });
  read(2, { execution: testId(4), until: 100 });
  await session.until(() => session.outputsOf(2).length === 1, 'the answer');
  assert.equal(session.outputsOf(2)[0]?.error, 'unknown-execution');
  assert.deepEqual(session.outputsOf(1), []);
  executor.readers.set(`${testId(5)} stdout`, patternReader(10));
  executor.emit({ execution: testId(5), type: 'started', atUnixMs: 1, pid: 1 });
  await session.until(() => session.outputsOf(1).some(({ end }) => end), 'the output');
});

test('a gap is passed on in its place', async () => {
  const pieces = [
    { type: 'gap', gap: { from: 0, until: 500, reason: 'bound' } },
    { type: 'data', offset: 500, data: Buffer.from('tail') },
    { type: 'end', offset: 504 },
  ] as const;
  let next = 0;
  const reader = {
    get offset() {
      return [0, 500, 504][next] ?? 504;
    },
    read: () => Promise.resolve(pieces[next++] as (typeof pieces)[number]),
    close: () => {},
  };
  executor.readers.set(`${id} stdout`, () => reader);
  read(1, { until: 1000 });
  await session.until(() => session.outputsOf(1).length === 3, 'three pieces');
  const [gap, data, end] = session.outputsOf(1);
  assert.deepEqual({ ...gap?.gap }, { from: 0, until: 500, reason: 'bound' });
  assert.deepEqual([gap?.offset, data?.offset, data?.data.toString(), end?.end], [0, 500, 'tail', true]);
});

test('the reads of a Start wait for its output, and fail when it ends without any', async () => {
  session.send({
    start: {
      execution: id,
      order: Buffer.from('x'),
      reads: [
        { readId: 1, execution: id, stream: 'OUTPUT_STREAM_STDOUT', until: 100 },
        { readId: 2, execution: id, stream: 'OUTPUT_STREAM_STDERR', until: 100 },
      ],
    },
  });
  await eventually(() => executor.offers.length === 1, 'the offer');
  executor.readers.set(`${id} stdout`, patternReader(10));
  executor.accept(id);
  await session.until(() => session.outputsOf(1).some(({ end }) => end), 'stdout');
  assert.deepEqual(session.outputsOf(2), []);
  executor.succeed(id);
  await session.until(() => session.outputsOf(2).length === 1, 'stderr');
  assert.equal(session.outputsOf(2)[0]?.error, 'unknown-execution');
});

test('reads are closed with the session', async () => {
  let open = 0;
  const waiting = (): OutputReader => {
    open += 1;
    const close = (): void => {
      open -= 1;
    };
    return { offset: 0, read: () => new Promise(() => {}), close };
  };
  executor.readers.set(`${id} stdout`, waiting);
  for (let readId = 1; readId <= 3; readId += 1) read(readId, { until: 100 });
  await eventually(() => open === 3, 'three readers');
  session.end();
  await eventually(() => open === 0, 'no reader');
});

test('while nobody reads the flood, little of it is held, and a result still comes before the rest of it', async () => {
  executor.readers.set(`${id} stdout`, patternReader(200 * mebibyte));
  session.call.pause();
  for (let readId = 1; readId <= 8; readId += 1) read(readId, { until: 100 * mebibyte });
  await eventually(() => connection.session?.load.outputInFlight === 4, 'the stream to be full');
  await eventually(() => (connection.session?.load.outputReadyBytes ?? 0) > 0, 'reads to be a piece ahead');
  executor.succeed(testId(2));
  const { outputReadyBytes = Infinity, outputInFlight } = connection.session?.load ?? {};
  assert.equal(outputInFlight, 4);
  assert.ok(outputReadyBytes <= 8 * 64 * 1024, `${outputReadyBytes} bytes are held`);
  session.call.resume();
  await session.until(() => session.finished().length === 1, 'the result');
  const before = session.frames.slice(
    0,
    session.frames.findIndex(({ event }) => event),
  );
  const bytes = before.reduce((sum, { output }) => sum + (output?.data.length ?? 0), 0);
  assert.ok(bytes <= mebibyte, `${bytes} bytes of output came before the result`);
});

test('of 1,200 events that nobody reads no result is lost', async () => {
  executor.readers.set(`${id} stdout`, patternReader(200 * mebibyte));
  session.call.pause();
  read(1, { until: 100 * mebibyte });
  await eventually(() => connection.session?.load.outputInFlight === 4, 'the stream to be full');
  for (let n = 10; n < 610; n += 1) executor.accept(testId(n));
  for (let n = 10; n < 610; n += 1) executor.succeed(testId(n));
  session.call.resume();
  await session.until(() => session.finished().length >= 600, 'all results');
  assert.equal(new Set(session.finished()).size, 600);
});

test('a peer that asks for answers and never reads them loses its session', async () => {
  session.call.pause();
  for (let readId = 1; readId <= 60_000; readId += 1) {
    if (!session.call.writable || server.sessions.length > 1) break;
    read(readId, { execution: testId(7), until: 1 });
    if (readId % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const next = await server.session(1);
  await next.hello();
});
