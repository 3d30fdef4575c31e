import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeardOutput } from '../../../cli/job/heard-output.ts';
import type { OutputPiece } from '../../../cli/job/seen.ts';
import type { Execution, Execution__Output } from '../../../proto/gen/muster/v1/Execution.ts';
import { BlockDigest } from '../../../shared/block-digest.ts';
import { codec } from '../../../shared/rpc/proto.ts';

const wire = codec<Execution, Execution__Output>('muster.v1.Execution');
const digestOf = (text: string): Buffer => {
  const digest = new BlockDigest();
  digest.update(Buffer.from(text));
  return digest.finish();
};
/** A success whose node signed this for its stdout. */
const signed = (text: string): Execution__Output => {
  const state = 'EXECUTION_STATE_SUCCEEDED';
  const stdout = { bytes: text.length, digest: digestOf(text) };
  const signature = { publicKey: Buffer.alloc(32), signature: Buffer.alloc(64) };
  return wire.decode(wire.encode({ id: 'e', node: 'n', state, result: { state, exitCode: 0, stdout, signature } }));
};
const base = { node: 'n', execution: 'e', stream: 'stdout' } as const;
const output = (offset: number, text: string): OutputPiece => ({
  ...base,
  type: 'output',
  offset,
  data: Buffer.from(text),
});

function judged(pieces: readonly OutputPiece[], text: string): Execution__Output {
  const heard = new HeardOutput();
  for (const piece of pieces) heard.take(piece);
  return heard.judged(signed(text));
}

test('output that is what its node signed is believed, in whatever pieces it came', () => {
  assert.equal(judged([output(0, 'hel'), output(3, 'lo')], 'hello').state, 'EXECUTION_STATE_SUCCEEDED');
  assert.equal(judged([], '').undetermined, false);
});

test('other bytes, fewer and more of them are not, and then nothing is known', () => {
  const lies: [OutputPiece[], RegExp][] = [
    [[output(0, 'hellO')], /its stdout is not what the node signed/],
    [[output(0, 'hell')], /came with 4 bytes where the node signed 5/],
    [[output(0, 'hello!')], /came with 6 bytes/],
    [[], /came with 0 bytes/],
  ];
  for (const [pieces, message] of lies) {
    const { undetermined, result } = judged(pieces, 'hello');
    assert.equal(undetermined, true);
    assert.match(result?.message ?? '', message);
    assert.equal(result?.exitCode, undefined);
  }
});

test('of output with a gap, or that did not come from its beginning on, nothing is said', () => {
  const gap: OutputPiece = { ...base, type: 'gap', offset: 0, until: 3, reason: 'bound' };
  assert.equal(judged([gap, output(3, 'lo')], 'hello').undetermined, false);
  assert.equal(judged([output(3, 'lo')], 'hello').undetermined, false);
  const away: OutputPiece = { ...base, type: 'unavailable', offset: 0, reason: 'node-away' };
  assert.equal(judged([away], 'hello').undetermined, false);
});
