import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { OutputReader } from '../../../agent/executor.ts';
import { Reads } from '../../../agent/session/reads.ts';
import type { Output } from '../../../proto/gen/muster/v1/Output.ts';
import { patternReader } from '../../harness/agent-connection.ts';
import { testId } from '../../harness/fake-executor.ts';

const request = (readId: number, n: number, until: number) =>
  ({ readId, execution: testId(n), stream: 'stdout', from: 0, until, close: false, untilPresent: false }) as const;

function readsOf(lengthBytes: number, present?: number): { reads: Reads; errors: Output[] } {
  const errors: Output[] = [];
  const fromStart = patternReader(lengthBytes);
  const openRead = (_: string, __: string, from: number): OutputReader =>
    from === 0 ? fromStart() : patternReader(lengthBytes, from)();
  const options = {
    presentBytes: () => present,
    onError: (output: Output) => void errors.push(output),
    onReady: () => {},
  };
  return { reads: new Reads({ openRead, ...options }), errors };
}

test('reads take turns, whoever asked first and for however much', async () => {
  const { reads } = readsOf(64 * 1024 * 1024);
  reads.request(request(1, 1, 64 * 1024 * 1024));
  for (let at = 0; at < 10; at += 1) {
    await turn();
    assert.equal(reads.take()?.readId, 1);
  }
  reads.request(request(2, 2, 64 * 1024 * 1024));
  reads.request(request(3, 1, 64 * 1024 * 1024));
  const order: unknown[] = [];
  for (let at = 0; at < 30; at += 1) {
    await turn();
    order.push(reads.take()?.readId);
  }
  for (let at = 0; at < 30; at += 3) assert.deepEqual(order.slice(at, at + 3).sort(), [1, 2, 3]);
});

test('however long nobody takes anything, each read holds one piece', async () => {
  const { reads } = readsOf(64 * 1024 * 1024);
  for (let readId = 1; readId <= 16; readId += 1) reads.request(request(readId, readId % 4, 64 * 1024 * 1024));
  for (let at = 0; at < 100; at += 1) await turn();
  assert.equal(reads.readyBytes, 16 * 64 * 1024);
});

test('a session has at most 1,024 reads', () => {
  const { reads, errors } = readsOf(10);
  for (let readId = 1; readId <= 1025; readId += 1) reads.request(request(readId, Math.floor(readId / 8), 0));
  assert.deepEqual(errors, [{ readId: 1025, offset: 0, error: 'too-many-reads' }]);
  assert.equal(reads.size, 1024);
});

test('a read that was closed while its piece was on the way says nothing more', async () => {
  const { reads } = readsOf(1024);
  reads.request(request(1, 1, 1024));
  reads.request({ ...request(1, 1, 1024), close: true });
  await turn();
  assert.equal(reads.take(), undefined);
  reads.request(request(2, 1, 1024));
  await turn();
  reads.request({ ...request(2, 1, 1024), close: true });
  assert.deepEqual([reads.take(), reads.readyBytes, reads.size], [undefined, 0, 0]);
});

async function takeAll(reads: Reads): Promise<Output[]> {
  const outputs: Output[] = [];
  while (reads.size > 0) {
    await turn();
    for (let output = reads.take(); output !== undefined; output = reads.take()) outputs.push(output);
  }
  return outputs;
}

test('a read until the present ends behind the last byte there was when it came', async () => {
  for (const present of [0, 1, 100_000]) {
    const { reads } = readsOf(64 * 1024 * 1024, present);
    reads.request({ ...request(1, 1, 64 * 1024 * 1024), untilPresent: true });
    const outputs = await takeAll(reads);
    assert.deepEqual(outputs.at(-1), { readId: 1, offset: present, present: true });
    assert.equal(
      outputs.reduce((sum, { data }) => sum + (data?.length ?? 0), 0),
      present,
    );
  }
});

test('a read until the present waits for its credit, and reads what is over to its end', async () => {
  const { reads } = readsOf(200, 100);
  reads.request({ ...request(1, 1, 60), untilPresent: true });
  await turn();
  assert.equal(reads.take()?.data?.length, 60);
  await turn();
  assert.equal(reads.take(), undefined);
  reads.request(request(1, 1, 500));
  assert.deepEqual(
    (await takeAll(reads)).map(({ offset, present }) => [offset, present]),
    [
      [60, undefined],
      [100, true],
    ],
  );
  const ended = readsOf(200);
  ended.reads.request({ ...request(1, 1, 500), untilPresent: true });
  assert.deepEqual((await takeAll(ended.reads)).at(-1), { readId: 1, offset: 200, end: true });
});

test('a read until the present from beyond it is past the end', () => {
  const { reads, errors } = readsOf(200, 100);
  reads.request({ ...request(1, 1, 500), from: 150, untilPresent: true });
  assert.deepEqual(errors, [{ readId: 1, offset: 150, error: 'offset-past-end' }]);
});
