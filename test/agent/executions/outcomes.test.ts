import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Rig } from './rig.ts';

describe('how a command ended', () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.open({ settings: { warmSupervisors: 2 } });
  });
  after(() => rig.dispose());

  for (const code of [0, 1, 126, 127, 137, 139, 255]) {
    test(`exit ${code} comes back as exit code ${code}`, async () => {
      const result = await rig.run({ argv: ['sh', '-c', `exit ${code}`] });
      assert.equal(result.state, code === 0 ? 'EXECUTION_STATE_SUCCEEDED' : 'EXECUTION_STATE_FAILED');
      assert.equal(result.exitCode, code);
      assert.equal(result.signal, undefined);
      assert.equal(result.reason ?? '', '');
    });
  }

  for (const signal of [1, 6, 9, 11, 15]) {
    test(`signal ${signal} comes back as signal ${signal}`, async () => {
      const result = await rig.run({ argv: ['sh', '-c', `ulimit -c 0; kill -${signal} $$`] });
      assert.equal(result.state, 'EXECUTION_STATE_FAILED');
      assert.equal(result.signal, signal);
      assert.equal(result.exitCode, undefined);
      assert.equal(result.signalInferred, false);
    });
  }

  test('a command that is killed at once, again and again, is never taken for one that exits 137', async () => {
    for (let round = 0; round < 30; round++) {
      const result = await rig.run({ argv: ['sh', '-c', 'kill -9 $$'] });
      assert.equal(result.signal, 9, `round ${round}`);
    }
  });

  for (const signal of [2, 13]) {
    test(`signal ${signal}, which this shell may not note, is flagged where it is inferred`, async () => {
      const result = await rig.run({ argv: ['sh', '-c', `kill -${signal} $$`] });
      assert.equal(result.signal, signal);
    });
  }

  test('INT and QUIT are not ignored by the command', async () => {
    const result = await rig.run({ argv: ['grep', '-E', '^Sig(Ign|Blk)', '/proc/self/status'] });
    assert.equal(result.exitCode, 0);
    const text = (await rig.output(rig.events.at(-1)?.execution ?? ('' as never), 'stdout')).toString();
    assert.equal(text, 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
  });

  const broken: [string, string[] | ((dir: string) => string[])][] = [
    ['a program that is not on PATH', ['muster-no-such-program']],
    ['a program whose file is not there', ['/no/such/file']],
    ['a file without the right to be run', ['/etc/passwd']],
    ['a folder', ['/etc']],
    [
      'a script whose interpreter is not there',
      (dir) => {
        writeFileSync(join(dir, 'script'), '#!/no/such/interpreter\n', { mode: 0o755 });
        return [join(dir, 'script')];
      },
    ],
  ];
  for (const [what, argv] of broken) {
    test(`${what} is a spawn error, not an exit code`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'muster-program-'));
      try {
        const offered = rig.order({ argv: typeof argv === 'function' ? argv(dir) : argv });
        const result = await rig.finished(rig.offer(offered));
        const stderr = (await rig.output(offered.id, 'stderr')).toString();
        assert.match(stderr, /^(|muster: .*\/script: not found\n)$/);
        assert.equal(result.state, 'EXECUTION_STATE_FAILED');
        assert.equal(result.reason, 'spawn');
        assert.equal(result.exitCode, undefined);
      } finally {
        rmSync(dir, { recursive: true });
      }
    });
  }

  test('a working directory that is not there is a spawn error', async () => {
    const result = await rig.run({ argv: ['true'], workingDirectory: '/no/such/folder' });
    assert.equal(result.reason, 'spawn');
    assert.equal(result.stderr?.bytes, 0);
  });

  test('a failed one keeps the last 4 KiB of its stderr, a good one none', async () => {
    const script = 'head -c 10000 /dev/zero | tr "\\0" x >&2; echo last >&2; exit 1';
    const failed = await rig.run({ argv: ['sh', '-c', script] });
    const tail = failed.stderrTail as Buffer;
    assert.equal(tail.length, 4096);
    assert.ok(tail.toString().endsWith('xlast\n'));
    const good = await rig.run({ argv: ['sh', '-c', 'echo fine >&2'] });
    assert.equal(good.stderrTail, undefined);
  });
});
