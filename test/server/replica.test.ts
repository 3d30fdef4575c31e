import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { parseReplicaSettings } from '../../server/settings.ts';
import { freePort } from '../../tools/free-port.ts';

const main = join(import.meta.dirname, '../../server/main.ts');

test('a start that fails says why, leaves nothing open and ends the process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-start-'));
  const taken = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
  const store = ['--store', `embedded:${join(folder, 'store')}`];
  try {
    const busy = ['--listen', '127.0.0.1:0', '--http', `127.0.0.1:${port}`];
    const ended = await execa(process.execPath, [main, ...busy, ...store], {
      reject: false,
      stdin: 'ignore',
      timeout: 60_000,
    });
    assert.equal(ended.exitCode, 1);
    assert.match(ended.stderr, /--http: can't listen on/);
    const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
    const next = execa(process.execPath, [main, ...free, ...store], {
      reject: false,
      stdin: 'ignore',
      timeout: 60_000,
    });
    next.stderr.on('data', (chunk: Buffer) => chunk.toString().includes('serves on') && next.kill('SIGTERM'));
    assert.equal((await next).exitCode, 0, 'the store was let go');
  } finally {
    taken.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a replica whose store does not answer says so and ends', async () => {
  const nobody = `etcd://127.0.0.1:${await freePort()}/muster`;
  const args = [main, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--store', nobody];
  const ended = await execa(process.execPath, args, { reject: false, stdin: 'ignore', timeout: 60_000 });
  assert.equal(ended.exitCode, 1);
  assert.match(ended.stderr, /muster replica: .*etcd/);
});

test('only loopback is listened on, and the refusal says why', () => {
  for (const flag of ['--listen', '--http']) {
    assert.throws(() => parseReplicaSettings([flag, '0.0.0.0:7500'], {}), new RegExp(`${flag}: .*loopback`));
  }
});
