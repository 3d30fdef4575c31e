import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { FolderWatch } from '../../../agent/spool/folder-watch.ts';
import { padOffset } from '../../../agent/spool/layout.ts';
import { SegmentList } from '../../../agent/spool/segment-list.ts';
import { Signal } from '../../../agent/spool/signal.ts';
import { SpoolReader, type StreamView } from '../../../agent/spool/spool-reader.ts';
import { systemClock } from '../../../shared/time.ts';
import { readBytes } from './spool-rig.ts';

const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at + (at >> 8)) & 255));

test('however far ahead it reads, it hands out no byte that may be part of the nonce', async (t) => {
  const view = await viewOf(t);
  view.exited = () => true;
  view.safe = 150_000;
  const reader = new SpoolReader({ view, from: 0, onClose: () => {} });
  assert.ok((await readBytes(reader, 150_000)).equals(bytes.subarray(0, 150_000)));
  view.end = 200_000;
  view.moved.raise();
  assert.ok((await readBytes(reader, 50_000)).equals(bytes.subarray(150_000, 200_000)));
  assert.deepEqual(await reader.read(65_536), { type: 'end', offset: 200_000 });
  reader.close();
});

test('what was read ahead while the command ran is handed out as it was asked for, and kept by nobody after a close', async (t) => {
  const view = await viewOf(t);
  const reader = new SpoolReader({ view, from: 0, onClose: () => {} });
  const got: Buffer[] = [];
  for (let at = 0; at < bytes.length; at = reader.offset) {
    const piece = await reader.read(7001);
    assert.ok(piece.type === 'data' && piece.offset === at && piece.data.length <= 7001);
    got.push(piece.data);
  }
  assert.ok(Buffer.concat(got).equals(bytes));
  reader.close();
  await assert.rejects(reader.read(7001), /closed/);
});

test('where the disk has less than there was when the end was found, the rest is a gap, not a wait without end', async (t) => {
  const view = await viewOf(t);
  view.exited = () => true;
  view.safe = view.end = bytes.length;
  await truncate(join(view.list.dir, `out.${padOffset(0)}`), 1000);
  const reader = new SpoolReader({ view, from: 0, onClose: () => {} });
  assert.ok((await readBytes(reader, 1000)).equals(bytes.subarray(0, 1000)));
  const gap = { from: 1000, until: bytes.length, reason: 'corrupt' };
  assert.deepEqual(await reader.read(65_536), { type: 'gap', gap });
  assert.deepEqual(await reader.read(65_536), { type: 'end', offset: bytes.length });
  reader.close();
});

type Changing = { -readonly [Key in keyof StreamView]: StreamView[Key] };

async function viewOf(t: { after(action: () => Promise<void>): void }): Promise<Changing> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-spool-reader-'));
  await writeFile(join(dir, `out.${padOffset(0)}`), bytes);
  const watch = new FolderWatch({ dir, prefix: 'out.', clock: systemClock, log: pino({ level: 'silent' }) });
  t.after(async () => {
    watch.close();
    await rm(dir, { recursive: true });
  });
  const list = new SegmentList({ dir, stream: 'out' });
  return { list, watch, moved: new Signal(), end: undefined, safe: 0, exited: () => false };
}
