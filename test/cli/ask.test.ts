import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { ask } from '../../cli/ask.ts';
import type { CliContext } from '../../cli/context.ts';
import type { Sink } from '../../cli/render/sink.ts';

const sink = (isTerminal: boolean): Sink => ({ isTerminal, columns: 80, blocked: false, write: async () => {} });
const context = (stdin: PassThrough, terminal: { in: boolean; err: boolean }): CliContext => ({
  env: {},
  stdin: Object.assign(stdin, { isTTY: terminal.in }) as CliContext['stdin'],
  stdout: sink(false),
  stderr: sink(terminal.err),
  exit: () => {},
});

test('what is typed at a terminal is the answer', async () => {
  const stdin = new PassThrough();
  const answer = ask(context(stdin, { in: true, err: true }), '');
  stdin.write('yes\n');
  assert.equal(await answer, 'yes');
});

test('end-of-file instead of an answer is an empty one', async () => {
  const stdin = new PassThrough();
  const answer = ask(context(stdin, { in: true, err: true }), '');
  stdin.end();
  assert.equal(await answer, '');
});

test('nobody is asked where input or errors are no terminal', async () => {
  assert.equal(await ask(context(new PassThrough(), { in: false, err: true }), ''), undefined);
  assert.equal(await ask(context(new PassThrough(), { in: true, err: false }), ''), undefined);
});
