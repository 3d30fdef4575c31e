import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanReporter } from '../../../cli/render/human.ts';
import { createStyle, wantsColor } from '../../../cli/render/style.ts';
import { MusterError } from '../../../shared/errors.ts';
import { eventually } from '../../harness/agent-connection.ts';
import { executionOf, jobOf } from '../../harness/executions.ts';
import { MemorySink } from '../../harness/memory-sink.ts';

function reporterOn(options: { terminal?: boolean; oneNode?: boolean; quiet?: boolean } = {}) {
  const stdout = new MemorySink();
  const stderr = new MemorySink({ isTerminal: options.terminal ?? false });
  const style = createStyle(false);
  const reporter = humanReporter({
    stdout,
    stderr,
    styles: { stdout: style, stderr: style },
    output: options.oneNode ? 'raw' : 'live',
    oneNode: options.oneNode ?? false,
    quiet: options.quiet ?? false,
  });
  return { reporter, stdout, stderr };
}

const failed = 'EXECUTION_STATE_FAILED';

test('progress is drawn on a terminal and wiped before anything else is written', async () => {
  const { reporter, stderr } = reporterOn({ terminal: true });
  await reporter.event({ type: 'job', job: jobOf({ counts: { total: 2 } }) });
  await reporter.event({ type: 'execution', execution: executionOf('a', { state: 'EXECUTION_STATE_RUNNING' }) });
  await eventually(() => stderr.text.includes('0/2 over: 1 running'), 'the progress line');
  const place = { node: 'a', execution: 'x', stream: 'stderr', offset: 0 } as const;
  await reporter.event({ type: 'output', ...place, data: Buffer.from('oops\n') });
  assert.ok(stderr.text.endsWith('\r\x1b[Ka ! oops\n'), JSON.stringify(stderr.text));
  await reporter.finish({ job: undefined, executions: [] });
});

test('elsewhere there is no progress', async () => {
  const { reporter, stderr } = reporterOn();
  await reporter.event({ type: 'execution', execution: executionOf('a', { state: 'EXECUTION_STATE_RUNNING' }) });
  await reporter.finish({ job: undefined, executions: [] });
  assert.ok(!stderr.text.includes('\r'));
});

test('a cut watch is said once, until something comes again', async () => {
  const { reporter, stderr } = reporterOn();
  const cut = { type: 'reconnecting', error: new MusterError('REPLICA_UNAVAILABLE', 'gone'), waitMs: 1 } as const;
  await reporter.event(cut);
  await reporter.event(cut);
  assert.equal(stderr.text, 'muster: gone; the job runs on, trying again\n');
  await reporter.event({ type: 'job', job: jobOf() });
  await reporter.event(cut);
  assert.equal(stderr.text.split('\n').length, 3);
});

test('of one node an exit code speaks for itself, a signal is said', async () => {
  const coded = reporterOn({ oneNode: true });
  const exited = executionOf('a', { state: failed, result: { state: failed, exitCode: 3 } });
  await coded.reporter.finish({ job: jobOf(), executions: [exited] });
  assert.equal(coded.stderr.text, '');
  const killed = reporterOn({ oneNode: true });
  const execution = executionOf('a', { state: failed, result: { state: failed, signal: 9 } });
  await killed.reporter.finish({ job: jobOf(), executions: [execution] });
  assert.equal(killed.stderr.text, 'a (1): failed: signal 9 (KILL)\n');
});

test('quiet leaves failures, not the summary', async () => {
  const { reporter, stderr } = reporterOn({ quiet: true });
  const execution = executionOf('a', { state: failed, result: { state: failed, exitCode: 3 } });
  await reporter.finish({ job: jobOf(), executions: [execution] });
  assert.equal(stderr.text, 'a (1): failed: exit code 3\n');
});

test('colours need a terminal, and neither NO_COLOR nor --no-color nor a dumb terminal', () => {
  assert.ok(wantsColor(true, { TERM: 'xterm' }, true));
  assert.ok(!wantsColor(false, { TERM: 'xterm' }, true));
  assert.ok(!wantsColor(true, { NO_COLOR: '1' }, true));
  assert.ok(wantsColor(true, { NO_COLOR: '' }, true));
  assert.ok(!wantsColor(true, { TERM: 'dumb' }, true));
  assert.ok(!wantsColor(true, {}, false));
});
