import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutputPiece, StreamName } from '../../../cli/job/seen.ts';
import { Live } from '../../../cli/render/live.ts';
import { createStyle } from '../../../cli/render/style.ts';
import { MemorySink } from '../../harness/memory-sink.ts';

function liveOn(options: { terminal?: boolean; prefix?: boolean; color?: boolean; nodes?: string[] }) {
  const stdout = new MemorySink({ isTerminal: options.terminal ?? false });
  const stderr = new MemorySink({ isTerminal: options.terminal ?? false });
  const style = createStyle(options.color ?? false);
  const live = new Live({
    stdout,
    stderr,
    styles: { stdout: style, stderr: style },
    prefix: options.prefix ?? true,
    nodes: options.nodes ?? [],
  });
  return { live, stdout, stderr };
}

const place = (node: string, stream: StreamName, offset = 0) => ({ node, execution: `job/${node}/1`, stream, offset });
const output = (node: string, data: string | Buffer, stream: StreamName = 'stdout'): OutputPiece => ({
  type: 'output',
  ...place(node, stream),
  data: Buffer.from(data),
});

test('lines of several nodes never mix, and unfinished ones wait for their end', async () => {
  const { live, stdout } = liveOn({});
  await live.event(output('web-1', 'one\ntw'));
  await live.event(output('web-2', 'uno\n'));
  await live.event(output('web-1', 'o\nthr'));
  assert.equal(stdout.text, 'web-1: one\nweb-2: uno\nweb-1: two\n');
  await live.event({ type: 'end', ...place('web-1', 'stdout', 11) });
  assert.equal(stdout.text, 'web-1: one\nweb-2: uno\nweb-1: two\nweb-1: thr\n');
});

test('what has no end yet comes with the flush', async () => {
  const { live, stdout, stderr } = liveOn({});
  await live.event(output('web-1', 'partial'));
  await live.event(output('web-1', 'error', 'stderr'));
  await live.flush();
  assert.equal(stdout.text, 'web-1: partial\n');
  assert.equal(stderr.text, 'web-1: error\n');
});

test('on a terminal prefixes are aligned, stderr is marked, control characters are shown', async () => {
  const { live, stdout, stderr } = liveOn({ terminal: true, nodes: ['web-1', 'database-1'] });
  await live.event(output('web-1', '\x1b[2Jcleared\n'));
  await live.event(output('web-1', 'bad\n', 'stderr'));
  assert.equal(stdout.text, 'web-1      | ^[[2Jcleared\n');
  assert.equal(stderr.text, 'web-1      ! bad\n');
});

test('colours come on a terminal only', async () => {
  const colored = liveOn({ terminal: true, color: true });
  await colored.live.event(output('web-1', 'x\n'));
  assert.ok(colored.stdout.text.startsWith('\x1b['));
  const piped = liveOn({ terminal: false, color: true });
  await piped.live.event(output('web-1', 'x\n'));
  assert.equal(piped.stdout.text, 'web-1: x\n');
});

test('without prefix bytes pass to a pipe unchanged, whatever they are', async () => {
  const { live, stdout } = liveOn({ prefix: false });
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  await live.event(output('web-1', bytes.subarray(0, 200)));
  await live.event(output('web-1', bytes.subarray(200)));
  assert.deepEqual(stdout.bytes, bytes);
});

test('a character that two chunks share is whole on a terminal', async () => {
  const { live, stdout } = liveOn({ prefix: false, terminal: true });
  const bytes = Buffer.from('a€b');
  await live.event(output('web-1', bytes.subarray(0, 2)));
  await live.event(output('web-1', bytes.subarray(2)));
  assert.equal(stdout.text, 'a€b');
});

test('a gap is marked where it is; with bytes for a pipe the mark goes to stderr', async () => {
  const gap: OutputPiece = { type: 'gap', ...place('web-1', 'stdout', 4), until: 104, reason: 'bound' };
  const prefixed = liveOn({});
  await prefixed.live.event(output('web-1', 'head'));
  await prefixed.live.event(gap);
  await prefixed.live.event(output('web-1', 'tail\n'));
  const mark = '[muster: 100 bytes (4 to 104) of stdout missing: bound]';
  assert.equal(prefixed.stdout.text, `web-1: head\nweb-1: ${mark}\nweb-1: tail\n`);
  const raw = liveOn({ prefix: false });
  await raw.live.event(output('web-1', 'head'));
  await raw.live.event(gap);
  await raw.live.event(output('web-1', 'tail'));
  assert.equal(raw.stdout.text, 'headtail');
  assert.equal(raw.stderr.text, `${mark}\n`);
});
