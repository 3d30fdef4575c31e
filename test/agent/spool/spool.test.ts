import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { padOffset } from '../../../agent/spool/layout.ts';
import { readAll, readBytes, SpoolRig, until } from './spool-rig.ts';

const everyByte = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => (at + (at >> 8)) & 255));

test('1 MiB of all byte values comes back identical on both streams', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  const readers = [spool.openRead('stdout', 0), spool.openRead('stderr', 0)].map((reader) => readAll(reader));
  await rig.write('out', everyByte);
  await rig.write('err', everyByte);
  await rig.exit();
  const settled = await spool.settle();
  for (const read of readers) {
    const { data, pieces } = await read;
    assert.ok(data.equals(everyByte));
    assert.deepEqual(pieces, [{ type: 'end', offset: everyByte.length }]);
  }
  assert.equal(settled.stdout.bytes, everyByte.length);
  assert.deepEqual(settled.stdout.gaps, []);
  assert.ok(settled.stderrTail.equals(everyByte.subarray(-4096)));
});

test('a line can be read while the command goes on', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  const reader = spool.openRead('stdout', 0);
  await rig.write('out', 'one\n');
  assert.equal((await readBytes(reader, 4)).toString(), 'one\n');
  await rig.write('out', 'two\n');
  assert.equal((await readBytes(reader, 4)).toString(), 'two\n');
  reader.close();
});

test('segments are named by their offset and nearly full, and a second reader that comes late sees it all from byte 0', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: 65536 });
  const spool = await rig.open();
  const first = readAll(spool.openRead('stdout', 0), 1000);
  await rig.write('out', everyByte);
  await rig.exit();
  const late = readAll(spool.openRead('stdout', 0));
  const { stdout } = await spool.settle();
  assert.ok((await first).data.equals(everyByte));
  assert.ok((await late).data.equals(everyByte));
  assert.ok((await readAll(spool.openRead('stdout', 0))).data.equals(everyByte));
  assert.equal(stdout.bytes, everyByte.length);
  const names = readdirSync(rig.dir).filter((name) => /^out\.[0-9]{16}$/.test(name));
  let end = 0;
  for (const name of names.sort()) {
    assert.equal(name, `out.${padOffset(end)}`);
    const { size } = await stat(join(rig.dir, name));
    assert.ok(size <= 65536 && (size > 61440 || name === names.at(-1)), `${name} has ${size} bytes`);
    end += size;
  }
  assert.equal(end, everyByte.length + rig.nonce.length);
});

test('a reader starts at any byte, meets the end exactly, and past the end is an error', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: 4096 });
  const spool = await rig.open();
  await rig.write('out', everyByte.subarray(0, 10_000));
  const ahead = assert.rejects(spool.openRead('stdout', 10_017).read(10), { reason: 'OFFSET_PAST_END' });
  await rig.exit();
  await spool.settle();
  await ahead;
  for (const from of [1, 4095, 4096, 9999]) {
    assert.ok((await readAll(spool.openRead('stdout', from))).data.equals(everyByte.subarray(from, 10_000)));
  }
  assert.deepEqual(await spool.openRead('stdout', 10_000).read(10), { type: 'end', offset: 10_000 });
  await assert.rejects(spool.openRead('stdout', 10_001).read(10), { reason: 'OFFSET_PAST_END' });
});

test('keep-tail drops the oldest segments and marks the gap where it is', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: 65536, bound: `${4 * 65536}\nkeep-tail\n` });
  await rig.write('out', everyByte);
  await rig.exit();
  const spool = await rig.open();
  const { stdout } = await spool.settle();
  assert.equal(stdout.bytes, everyByte.length);
  // The nonce has begun a segment of its own: three full ones stay with it.
  const from = everyByte.length - 3 * 65536;
  assert.deepEqual(stdout.gaps, [{ from: 0, until: from, reason: 'bound' }]);
  const { data, pieces } = await readAll(spool.openRead('stdout', 100));
  assert.deepEqual(pieces[0], { type: 'gap', gap: { from: 100, until: from, reason: 'bound' } });
  assert.ok(data.equals(everyByte.subarray(from)));
});

test('keep-head keeps what came first and the last bytes, and the end stays exact', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: 65536, bound: `${6 * 65536}\nkeep-head\n` });
  await rig.write('out', everyByte);
  await rig.exit();
  const spool = await rig.open();
  const { stdout } = await spool.settle();
  assert.equal(stdout.bytes, everyByte.length);
  const [gap] = stdout.gaps;
  assert.deepEqual(stdout.gaps, [{ from: 4 * 65536, until: everyByte.length - 65536, reason: 'bound' }]);
  const { data } = await readAll(spool.openRead('stdout', 0));
  assert.ok(data.equals(Buffer.concat([everyByte.subarray(0, gap?.from), everyByte.subarray(gap?.until)])));
});

test('the end is found where segments and pieces cut the nonce, and what comes after it is no output', async (t) => {
  // 30 bytes and then the nonce: every segment border of 8 bytes cuts it.
  const rig = await SpoolRig.make(t, { segmentBytes: 8 });
  const spool = await rig.open();
  const reader = readAll(spool.openRead('stdout', 0), 3);
  await rig.write('out', 'thirty bytes of output, exactl');
  await rig.exit();
  await rig.write('out', 'a grandchild that goes on');
  const { stdout } = await spool.settle();
  assert.equal(stdout.bytes, 30);
  assert.equal((await reader).data.toString(), 'thirty bytes of output, exactl');
  const again = await rig.open();
  assert.equal((await readAll(again.openRead('stdout', 0), 5)).data.toString(), 'thirty bytes of output, exactl');
});

test('a beginning of the nonce is forwarded before the exit and held back after it', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  const reader = spool.openRead('stdout', 0);
  const part = rig.nonce.subarray(0, 7);
  await rig.write('out', part);
  assert.ok((await readBytes(reader, 7)).equals(part));
  await rig.exit({ nonce: false });
  spool.noteExit();
  await rig.write('out', 'x');
  assert.equal((await readBytes(reader, 1)).toString(), 'x');
  const next = reader.read(100);
  await rig.write('out', rig.nonce.subarray(0, 9));
  await rig.write('out', rig.nonce.subarray(9));
  assert.deepEqual(await next, { type: 'end', offset: 8 });
  reader.close();
});

test('an exit that comes between a read and its forwarding is noticed', async (t) => {
  const rig = await SpoolRig.make(t);
  await rig.write('out', 'all');
  await rig.exit();
  await rig.letGo();
  await until(() => existsSync(join(rig.dir, 'out.eof')));
  let looks = 0;
  const spool = await rig.open({ exitComplete: () => ++looks > 1 });
  const { data } = await readAll(spool.openRead('stdout', 0));
  assert.equal(data.toString(), 'all');
});

test('a grandchild that writes on after the end adds nothing', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: 65536 });
  const spool = await rig.open();
  const child = rig.start('seq 1 1000; echo last; sleep 300 & echo $! >pid');
  await new Promise((resolve) => child.once('exit', resolve));
  const grandchild = Number(await readFile(join(rig.dir, 'pid'), 'latin1'));
  rig.adopt(grandchild);
  await rig.exit();
  await rig.write('out', 'after the end');
  await rig.letGo();
  const { stdout } = await spool.settle();
  const { data } = await readAll(spool.openRead('stdout', 0));
  assert.equal(data.length, stdout.bytes);
  assert.ok(data.toString().endsWith('1000\nlast\n'));
});

test('echo > /dev/stderr in the middle of a script loses nothing', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  await rig.run('echo one >&2; echo two >/dev/stderr; echo three | tee /dev/stderr; echo four >&2');
  await rig.exit();
  const { stderrTail, stdout } = await spool.settle();
  assert.equal(stderrTail.toString(), 'one\ntwo\nthree\nfour\n');
  assert.equal(stdout.bytes, 6);
});

test('where the supervisor is gone the nonce is written by whoever settles', async (t) => {
  const rig = await SpoolRig.make(t);
  const child = rig.start('echo out; echo err >&2; sleep 300 & echo $! >pid');
  await new Promise((resolve) => child.once('exit', resolve));
  const grandchild = Number(await readFile(join(rig.dir, 'pid'), 'latin1'));
  rig.adopt(grandchild);
  await rig.exit({ nonce: false });
  await rig.letGo();
  const spool = await rig.open();
  const settled = await spool.settle();
  assert.deepEqual([settled.stdout.bytes, settled.stderr.bytes], [4, 4]);
  assert.deepEqual([...settled.stdout.gaps, ...settled.stderr.gaps], []);
});

test('where the drain saw end-of-file the stream ends there without a nonce', async (t) => {
  const rig = await SpoolRig.make(t);
  await rig.run('echo out');
  await rig.exit({ nonce: false });
  await rig.letGo();
  const spool = await rig.open();
  const { stdout, stderr } = await spool.settle();
  assert.deepEqual([stdout.bytes, stdout.gaps, stderr.bytes, stderr.gaps], [4, [], 0, []]);
  assert.equal(stderr.digest.length, 0);
});

test('settling again over the same folder says the same', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: 65536 });
  await rig.write('out', everyByte);
  await rig.exit();
  const first = await rig.open();
  const once = await first.settle();
  await first.close();
  const spool = await rig.open();
  assert.equal(spool.bytes('stdout'), everyByte.length);
  assert.deepEqual(await spool.settle(), once);
});

test('a reader that waits is told when the spool is closed, and so is whoever settles', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  const waiting = assert.rejects(spool.openRead('stdout', 0).read(10), { reason: 'INTERNAL' });
  const settling = assert.rejects(spool.settle(), { reason: 'INTERNAL' });
  await spool.close();
  await waiting;
  await settling;
  await rig.exit();
  await rig.letGo();
  assert.equal((await (await rig.open()).settle()).stdout.bytes, 0);
});
