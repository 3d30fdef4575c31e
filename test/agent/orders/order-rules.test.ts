import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { policyFault } from '../../../agent/orders/local-policy.ts';
import { readOrderRules } from '../../../agent/orders/order-rules.ts';
import type { Command } from '../../../proto/gen/muster/v1/Command.ts';
import { buildOrder, decodeOrder } from '../../../shared/order.ts';
import { SigningKey } from '../../../shared/signing/keys.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'muster-rules-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const nothing = { signing: 'require', trustFile: undefined, hostLabelsFile: undefined, policyFile: undefined } as const;
const file = (text: string, mode = 0o644): string => {
  const path = join(dir, 'file');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const key = SigningKey.generate().public;

test('with signing required there are keys, each with its line, or the agent does not start', () => {
  const trustFile = file(`# ours\n\nkey ${key.text} alice\n`);
  assert.deepEqual([...(readOrderRules({ ...nothing, trustFile }, dir).trust?.current.keys.keys() ?? [])], [key.id]);
  assert.throws(() => readOrderRules(nothing, dir), { field: '--trust-file', message: /required/ });
  const faults: [string, RegExp][] = [
    ['', /holds no key/],
    [`threshold 2\nkey ${key.text} a\n`, /asks for 2 signatures and holds 1 keys/],
    [`version x\nkey ${key.text} a\n`, /file:1: version is a number/],
    ['key rsa:AAAA bob\n', /file:1: "rsa:AAAA" is no ed25519/],
    ['# x\nkeys ed25519:AA bob\n', /file:2: "keys" is unknown/],
  ];
  for (const [text, message] of faults) {
    assert.throws(() => readOrderRules({ ...nothing, trustFile: file(text) }, dir), { field: '--trust-file', message });
  }
  assert.throws(() => readOrderRules({ ...nothing, trustFile: join(dir, 'none') }, dir), { message: /can’t be read/ });
});

test('a file that another user could change decides nothing', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, () => {
  const text = `key ${key.text} alice\n`;
  for (const mode of [0o664, 0o646]) {
    assert.throws(() => readOrderRules({ ...nothing, trustFile: file(text, mode) }, dir), { message: /chmod go-w/ });
  }
  const path = file(text);
  chownSync(path, 65534, 65534);
  assert.throws(() => readOrderRules({ ...nothing, trustFile: path }, dir), { message: /belongs to user 65534/ });
  chownSync(path, 0, 0);
  chmodSync(dir, 0o777);
  assert.throws(() => readOrderRules({ ...nothing, trustFile: path }, dir), { message: /chmod go-w/ });
});

test('labels of the host are name=value lines', () => {
  const labels = (text: string) =>
    readOrderRules({ ...nothing, signing: 'optional', hostLabelsFile: file(text) }, dir).hostLabels;
  assert.deepEqual(
    [...(labels('role=web\nzone=a\n') ?? [])],
    [
      ['role', 'web'],
      ['zone', 'a'],
    ],
  );
  assert.throws(() => labels('role\n'), { field: '--host-labels-file', message: /file:1/ });
  assert.throws(() => labels('a=1\na=2\n'), { message: /file:2: a is there twice/ });
  assert.throws(() => labels('a b=1\n'), { message: /a b/ });
});

test('a policy allows what it names and nothing else', () => {
  const path = file(
    'command uptime\ncommand systemctl restart *\ncommand ["echo","two words"]\nrun-as www-data\nenv TZ\ndirectory /srv\nstdin yes\n',
  );
  const { policy } = readOrderRules({ ...nothing, signing: 'optional', policyFile: path }, dir);
  assert.ok(policy);
  const faultOf = (command: Command, stdin?: Buffer): string | undefined => {
    const plan = { root: Buffer.alloc(32), count: 1 };
    const { bytes } = buildOrder({ command, plan, createdUnixMs: Date.now(), ...(stdin && { stdin }) });
    return policyFault(policy, decodeOrder(bytes));
  };
  const allowed: Command[] = [
    { argv: ['uptime'] },
    { argv: ['systemctl', 'restart'] },
    { argv: ['systemctl', 'restart', 'nginx', 'x'] },
    { argv: ['echo', 'two words'] },
    { argv: ['uptime'], runAs: 'www-data', env: { TZ: 'UTC' }, workingDirectory: '/srv' },
  ];
  for (const command of allowed) assert.equal(faultOf(command, Buffer.from('x')), undefined, JSON.stringify(command));
  const refused: [Command, RegExp][] = [
    [{ argv: ['uptime', '-p'] }, /^order.command.argv/],
    [{ argv: ['systemctl', 'stop', 'restart'] }, /^order.command.argv/],
    [{ argv: ['echo', 'two', 'words'] }, /^order.command.argv/],
    [{ argv: ['uptime'], shell: true }, /^order.command.shell/],
    [{ argv: ['uptime'], runAs: 'root' }, /^order.command.run_as/],
    [{ argv: ['uptime'], env: { LD_PRELOAD: '/x' } }, /^order.command.env.*LD_PRELOAD/],
    [{ argv: ['uptime'], workingDirectory: '/' }, /^order.command.working_directory/],
  ];
  for (const [command, message] of refused) assert.match(faultOf(command) ?? '', message);
  assert.throws(() => readOrderRules({ ...nothing, signing: 'optional', policyFile: file('shell maybe\n') }, dir), {
    field: '--policy-file',
    message: /yes or no/,
  });
});
