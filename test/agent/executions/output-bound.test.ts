import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Rig } from './rig.ts';

describe('an execution at its output bound', () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.open();
  });
  after(() => rig.dispose());

  test('is ended where the order says kill, and says so', async () => {
    const limits = { outputBoundBytes: 1024 ** 2, outputPolicy: 'OUTPUT_POLICY_KILL', graceMs: 50 } as const;
    const result = await rig.run({ argv: ['sh', '-c', 'head -c 3000000 /dev/zero; sleep 300'] }, { limits });
    assert.equal(result.state, 'EXECUTION_STATE_FAILED');
    assert.equal(result.reason, 'output-bound');
    assert.equal(result.receipt?.cause, 'output-bound');
  });

  test('runs on under every other policy', async () => {
    const limits = { outputBoundBytes: 1024 ** 2, outputPolicy: 'OUTPUT_POLICY_KEEP_TAIL' } as const;
    const result = await rig.run({ argv: ['sh', '-c', 'head -c 3000000 /dev/zero; exit 4'] }, { limits });
    assert.equal(result.exitCode, 4);
    assert.equal(result.stdout?.bytes, 3_000_000);
  });

  test('a megabyte of all byte values comes back as it was', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const stdin = Buffer.concat(Array<Buffer>(4096).fill(bytes));
    const offered = rig.order({ argv: ['cat'] }, { stdin });
    rig.offer(offered);
    for (let at = 0; at < stdin.length; at += 65_536)
      rig.executions.input(offered.id, at, stdin.subarray(at, at + 65_536));
    await rig.finished(offered.id);
    assert.ok((await rig.output(offered.id, 'stdout')).equals(stdin));
  });
});
