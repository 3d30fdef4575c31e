import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { parseAgentSettings } from '../../../agent/settings.ts';
import { isNodeName } from '../../../shared/ids.ts';

const server = ['--server', '127.0.0.1:7500'];

test('flags become settings, labels and facts in any number', () => {
  const settings = parseAgentSettings(
    [
      ...server,
      '--server',
      '[::1]:7500',
      '--name',
      'web-1',
      '--label',
      'role=web',
      '--label',
      'zone=a',
      '--fact',
      'rack=12 b',
    ],
    {},
  );
  assert.deepEqual(settings.servers, ['127.0.0.1:7500', '[::1]:7500']);
  assert.equal(settings.name, 'web-1');
  assert.deepEqual(Object.fromEntries(settings.labels), { role: 'web', zone: 'a' });
  assert.deepEqual(Object.fromEntries(settings.facts), { rack: '12 b' });
  assert.deepEqual([settings.containment, settings.reconnectBaseMs, settings.reconnectCapMs], ['auto', 500, 30_000]);
});

test('without a name the node is called as its host', { skip: !isNodeName(hostname().toLowerCase()) }, () => {
  assert.equal(parseAgentSettings(server, {}).name, hostname().toLowerCase());
});

for (const [what, argv, field] of [
  ['no server', [], /--server/],
  ['a server without a port', ['--server', '127.0.0.1'], /--server/],
  ['a server that is not on this host', ['--server', '192.0.2.7:7500'], /--server.*loopback/],
  ['a name with capitals', [...server, '--name', 'Web'], /--name: "Web"/],
  ['a label named __proto__', [...server, '--label', '__proto__=x'], /--label\["__proto__"\]/],
  ['a label value with a space', [...server, '--label', 'role=a b'], /--label\["role"\]/],
  ['a label without a value', [...server, '--label', 'role'], /--label/],
  ['65 labels', [...server, ...Array.from({ length: 65 }, (_, n) => ['--label', `l${n}=x`]).flat()], /--label.*65/],
  ['101 facts', [...server, ...Array.from({ length: 101 }, (_, n) => ['--fact', `f${n}=x`]).flat()], /--fact.*101/],
  ['another containment', [...server, '--containment', 'jail'], /--containment/],
  ['an unknown flag', [...server, '--frobnicate'], /--frobnicate/],
] as const) {
  test(`${what} is an error that names the flag`, () => {
    assert.throws(() => parseAgentSettings(argv, {}), { reason: 'INVALID_FIELD', message: field });
  });
}
