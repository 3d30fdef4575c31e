import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ensureEtcd } from '../../../tools/test/etcd.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'muster-etcd-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function program(path: string, script = 'exit 0'): string {
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

const ensure = (bin: string, env: Record<string, string> = {}, uid = 1000) =>
  ensureEtcd({ env: { PATH: bin, ...env }, tell: () => {}, uid, policyFile: join(bin, 'policy-rc.d') });

test('the etcd that MUSTER_TEST_ETCD names comes before the one on PATH', async (t) => {
  const bin = folder(t);
  const onPath = program(join(bin, 'etcd'));
  const named = program(join(bin, 'etcd-3.5'));
  assert.equal(await ensure(bin), onPath);
  assert.equal(await ensure(bin, { MUSTER_TEST_ETCD: named }), named);
  assert.equal(await ensure(bin, { MUSTER_TEST_ETCD: 'etcd-3.5' }), named);
  await assert.rejects(ensure(bin, { MUSTER_TEST_ETCD: join(bin, 'none') }), /MUSTER_TEST_ETCD: .*none is no program/);
});

test('without etcd, and without the right to install it, the error says what to do', async (t) => {
  const bin = folder(t);
  await assert.rejects(ensure(bin, {}, 0), /no apt-get.*MUSTER_TEST_ETCD/);
  program(join(bin, 'apt-get'), 'exit 1');
  await assert.rejects(ensure(bin), /takes root.*sudo apt-get install etcd-server/);
});

test('root on Debian gets it from the system’s packages, with no service started and nothing left behind', async (t) => {
  const bin = folder(t);
  const etcd = join(bin, 'etcd');
  const policy = join(bin, 'policy-rc.d');
  const installs = `[ -x ${policy} ] || exit 9; [ "$1" = install ] || exit 1; printf '#!/bin/sh\\n' > ${etcd}; /bin/chmod +x ${etcd}`;
  program(join(bin, 'apt-get'), installs);
  assert.equal(await ensure(bin, {}, 0), etcd);
  assert.equal(existsSync(policy), false);
});

test('a failed installation shows what apt-get said', async (t) => {
  const bin = folder(t);
  program(join(bin, 'apt-get'), 'echo E: Unable to locate package; exit 100');
  await assert.rejects(ensure(bin, {}, 0), /Unable to locate package[\s\S]*MUSTER_TEST_ETCD/);
  assert.equal(existsSync(join(bin, 'policy-rc.d')), false);
});
