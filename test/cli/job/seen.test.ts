import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OutputPiece, Seen } from '../../../cli/job/seen.ts';
import type { OutputChunk, OutputChunk__Output } from '../../../proto/gen/muster/v1/OutputChunk.ts';
import { codec } from '../../../shared/rpc/proto.ts';
import { executionOf } from '../../harness/executions.ts';

const chunks = codec<OutputChunk, OutputChunk__Output>('muster.v1.OutputChunk');
const chunk = (given: OutputChunk): OutputChunk__Output =>
  chunks.decode(chunks.encode({ execution: 'x', node: 'n', stream: 'OUTPUT_STREAM_STDOUT', ...given }));

const bytesOf = (pieces: readonly OutputPiece[]): Buffer =>
  Buffer.concat(pieces.flatMap((piece) => (piece.type === 'output' ? [piece.data] : [])));

test('bytes that come again, in whatever overlap, are let through once', () => {
  const content = Buffer.from(Array.from({ length: 100 }, (_, at) => at));
  const cuts = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 40 })));
  fc.assert(
    fc.property(cuts, (steps) => {
      const seen = new Seen();
      const pieces: OutputPiece[] = [];
      let reached = 0;
      for (const [back, length] of steps) {
        const from = Math.max(0, reached - back);
        const data = content.subarray(from, from + length);
        pieces.push(...seen.take(chunk({ offset: from, data })));
        reached = Math.max(reached, from + data.length);
      }
      assert.deepEqual(bytesOf(pieces), content.subarray(0, reached));
      assert.ok(pieces.every(({ type }) => type === 'output'));
    }),
  );
});

test('bytes that never came are a gap, not silence', () => {
  const seen = new Seen();
  seen.take(chunk({ offset: 0, data: Buffer.from('ab') }));
  const [gap, output] = seen.take(chunk({ offset: 5, data: Buffer.from('f') }));
  assert.ok(gap?.type === 'gap' && gap.offset === 2 && gap.until === 5 && gap.reason === 'not-sent');
  assert.ok(output?.type === 'output' && output.offset === 5);
});

test('a gap is told once, also one of unknown length, and what follows goes on behind it', () => {
  const seen = new Seen();
  const known = chunk({ offset: 0, gap: { from: 0, until: 10, reason: 'bound' } });
  assert.equal(seen.take(known).length, 1);
  assert.equal(seen.take(known).length, 0);
  const unknown = chunk({ offset: 10, gap: { from: 10, until: 10, reason: 'drain-killed' } });
  assert.equal(seen.take(unknown).length, 1);
  assert.equal(seen.take(unknown).length, 0);
  assert.deepEqual(bytesOf(seen.take(chunk({ offset: 10, data: Buffer.from('x') }))).toString(), 'x');
});

test('an end is told once, and nothing after it', () => {
  const seen = new Seen();
  const both = seen
    .take(chunk({ offset: 0, data: Buffer.from('x') }))
    .concat(seen.take(chunk({ offset: 1, end: true })));
  assert.deepEqual(
    both.map(({ type }) => type),
    ['output', 'end'],
  );
  assert.deepEqual(seen.take(chunk({ offset: 1, end: true })), []);
});

test('states only move forward; a node that goes away or comes back is told', () => {
  const seen = new Seen();
  const running = executionOf('n', { state: 'EXECUTION_STATE_RUNNING' });
  assert.ok(seen.raise(running));
  assert.ok(!seen.raise(running));
  assert.ok(!seen.raise(executionOf('n', { state: 'EXECUTION_STATE_DISPATCHED' })));
  assert.ok(seen.raise({ ...running, nodeAway: true }));
  assert.ok(seen.raise({ ...running, nodeAway: false }));
  assert.ok(seen.raise(executionOf('n', { state: 'EXECUTION_STATE_SUCCEEDED' })));
  assert.ok(!seen.raise(executionOf('n', { state: 'EXECUTION_STATE_FAILED' })));
});

test('what a replica is told to resume from is what was let through', () => {
  const seen = new Seen();
  const running = executionOf('n', { state: 'EXECUTION_STATE_RUNNING' });
  seen.raise(running);
  seen.raise(executionOf('other', { state: 'EXECUTION_STATE_PENDING' }));
  seen.take(chunk({ execution: running.id, offset: 0, data: Buffer.from('abc') }));
  seen.take(chunk({ execution: running.id, stream: 'OUTPUT_STREAM_STDERR', offset: 0, end: true }));
  assert.deepEqual(seen.resumePoints(), [
    {
      execution: running.id,
      state: 'EXECUTION_STATE_RUNNING',
      stdoutOffset: 3,
      stderrOffset: 0,
      stdoutEnded: false,
      stderrEnded: true,
    },
  ]);
});
