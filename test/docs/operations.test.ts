import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAgentSettings } from '../../agent/settings.ts';
import type { CliContext } from '../../cli/context.ts';
import { createProgram } from '../../cli/program.ts';
import type { Sink } from '../../cli/render/sink.ts';
import { parseReplicaSettings } from '../../server/settings.ts';
import { parseStoreUrl } from '../../server/store/store-url.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8').replaceAll('\\\n', '');
const sink: Sink = { isTerminal: false, columns: 80, blocked: false, write: async () => {} };
const context: CliContext = { env: {}, stdin: process.stdin, stdout: sink, stderr: sink, exit: () => {} };

/** The command lines of our own programs in its blocks: words without comments. */
const lines = [...text.matchAll(/^(?:ExecStart=\S*\/)?muster (.*)$/gm)].map(([, line = '']) =>
  (line.split(' #')[0] ?? '').trim().split(/ +/),
);

test('the replica and the agent of the example units take their flags', () => {
  const [replica] = lines.filter(([first]) => first === 'replica');
  const [agent] = lines.filter(([first]) => first === 'agent');
  const settings = parseReplicaSettings(replica?.slice(1) ?? [], {});
  assert.equal(settings.drainTimeoutMs, 60_000);
  assert.equal(parseStoreUrl(settings.store).driver, 'etcd');
  assert.equal(parseAgentSettings(agent?.slice(1) ?? [], {}).servers.length, 3);
});

test('every other command line is one that the program has, with those flags', () => {
  const program = createProgram(context);
  const others = lines.filter(([first]) => first !== 'replica' && first !== 'agent');
  assert.ok(others.length >= 3);
  for (const [name = '', ...words] of others) {
    const command = program.commands.find((one) => one.name() === name) ?? assert.fail(`no command ${name}`);
    const [sub = ''] = words;
    const inner = command.commands.find((one) => one.name() === sub) ?? command;
    const known = inner.options.flatMap(({ long, short }) => [long, short]);
    for (const flag of words.filter((word) => word.startsWith('-')))
      assert.ok(known.includes(flag), `${name}: ${flag}`);
  }
});

test('every flag it speaks of is one of a program', () => {
  const reference = ['settings.md', 'cli.md', 'guarantees.md']
    .map((name) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8'))
    .join('\n');
  const ofOthers = ['--quota-backend-bytes', '--cluster'];
  for (const [, flag = ''] of text.matchAll(/`(?:[a-z ]+ )?(--[a-z-]+)/g)) {
    assert.ok(ofOthers.includes(flag) || reference.includes(flag), flag);
  }
});
