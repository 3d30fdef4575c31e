import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { drainAlive, signalDrain, startDrain } from '../../../agent/spool/drain.ts';
import { processesIn, readAll, readBytes, SpoolRig, until } from './spool-rig.ts';

const noise = randomBytes(300_000);

/** Pids of a drain's processes by program name. */
const processes = (dir: string, program: string): number[] =>
  processesIn(dir).flatMap(({ pid, argv }) => (argv[0] === program ? [pid] : []));

test('a killed dd is a gap, said where it was, and what comes later is output', async (t) => {
  const rig = await SpoolRig.make(t, { segmentBytes: 65536 });
  const spool = await rig.open();
  const reader = spool.openRead('stdout', 0);
  await rig.write('out', noise);
  assert.ok((await readBytes(reader, noise.length)).equals(noise));
  const copy = await rig.pid('out');
  assert.ok(signalDrain({ dir: rig.dir, stream: 'out' }, 'SIGKILL'));
  await until(() => !processes(rig.dir, 'dd').includes(copy));
  await rig.write('out', 'later');
  await rig.exit();
  const { stdout } = await spool.settle();
  const at = noise.length;
  assert.deepEqual(stdout.gaps, [{ from: at, until: at, reason: 'drain-killed' }]);
  assert.equal(stdout.bytes, at + 5);
  assert.deepEqual(await reader.read(100), { type: 'gap', gap: { from: at, until: at, reason: 'drain-killed' } });
  const { data } = await readAll(reader);
  assert.equal(data.toString(), 'later');
});

test('a dd killed before the first byte is a gap at 0', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  await rig.pid('out');
  await until(() => signalDrain({ dir: rig.dir, stream: 'out' }, 'SIGKILL'));
  await until(() => readdirSync(rig.dir).some((name) => name.startsWith('out.killed.')));
  await rig.write('out', 'later');
  await rig.exit();
  const { stdout } = await spool.settle();
  assert.deepEqual(stdout.gaps, [{ from: 0, until: 0, reason: 'drain-killed' }]);
  assert.equal((await readAll(spool.openRead('stdout', 0))).data.toString(), 'later');
});

test('a dead loop is started again, and waits for the dd it left behind', async (t) => {
  const rig = await SpoolRig.make(t, { drains: false });
  const spool = await rig.open();
  rig.startDrain('err');
  const loop = rig.startDrain('out');
  const place = { dir: rig.dir, stream: 'out' } as const;
  const copy = await rig.pid('out');
  loop.kill('SIGKILL');
  await until(() => !drainAlive(place));
  const reader = spool.openRead('stdout', 0);
  await rig.write('out', 'what it left lives ');
  assert.equal((await readBytes(reader, 19)).toString(), 'what it left lives ');
  rig.startDrain('out');
  await until(() => processes(rig.dir, 'sh').length > 1);
  await rig.write('out', 'alone, ');
  assert.equal((await readBytes(reader, 7)).toString(), 'alone, ');
  process.kill(copy, 'SIGKILL');
  await until(() => drainAlive(place));
  await rig.write('out', 'until it dies');
  await rig.exit();
  const { stdout } = await spool.settle();
  assert.deepEqual(stdout.gaps, [{ from: 26, until: 26, reason: 'drain-killed' }]);
  assert.equal((await readAll(reader)).data.toString(), 'until it dies');
});

test('a drain that is started when nobody can write any more ends by itself, a first one and one started again', async (t) => {
  const rig = await SpoolRig.make(t, { drains: false });
  await rig.letGo();
  for (let round = 0; round < 2; round++) {
    const drain = await startDrain({ dir: rig.dir, stream: 'out' });
    await until(() => drain.exitCode === 0 || undefined);
    assert.ok(existsSync(join(rig.dir, 'out.eof')));
  }
});

test('with drain and supervisor gone the streams still end, with a gap', async (t) => {
  const rig = await SpoolRig.make(t);
  const spool = await rig.open();
  await rig.write('out', 'kept');
  await readBytes(spool.openRead('stdout', 0), 4);
  for (const stream of ['out', 'err'] as const) {
    await rig.pid(stream);
    process.kill(Number(readFileSync(join(rig.dir, `${stream}.loop`), 'latin1')), 'SIGKILL');
    await until(() => !drainAlive({ dir: rig.dir, stream }));
    signalDrain({ dir: rig.dir, stream }, 'SIGKILL');
  }
  await until(() => processes(rig.dir, 'dd').length === 0);
  await rig.write('out', 'lost in the pipe');
  await rig.exit({ nonce: false });
  await rig.letGo();
  const { stdout, stderr } = await spool.settle();
  assert.deepEqual(stdout.gaps, [{ from: 4, until: 4, reason: 'drain-killed' }]);
  assert.equal(stdout.bytes, 4);
  assert.equal(stderr.bytes, 0);
  assert.equal((await readAll(spool.openRead('stdout', 0))).pieces.length, 2);
});

test('with both drains gone and the supervisor there nothing is lost that is still in the pipe', async (t) => {
  const rig = await SpoolRig.make(t, { drains: false });
  const spool = await rig.open();
  await rig.write('out', 'waiting in the pipe');
  await rig.exit();
  const { stdout } = await spool.settle();
  assert.equal(stdout.bytes, 19);
  assert.deepEqual(stdout.gaps, []);
});

test('a full disk drops the oldest bytes, counts what it must discard, and the end still comes', async (t) => {
  const rig = await rigOnSmallDisk(t, 131_072);
  if (rig === undefined) return;
  const data = randomBytes(3_000_000);
  await rig.write('out', data);
  await rig.exit();
  const spool = await rig.open();
  const { stdout } = await spool.settle();
  assert.equal(stdout.bytes, data.length);
  assert.ok(stdout.gaps.length > 0);
  for (const gap of stdout.gaps) assert.equal(gap.reason, 'disk-full');
  await checkPlaces(spool.openRead('stdout', 0), data);
});

test('a disk that others filled discards and counts, and goes on when there is room again', async (t) => {
  const rig = await rigOnSmallDisk(t);
  if (rig === undefined) return;
  const spool = await rig.open();
  await rig.write('out', 'before ');
  await readBytes(spool.openRead('stdout', 0), 7);
  // Whole pages are free or not: what is in the page already begun still fits.
  fill(rig);
  const lost = randomBytes(200_000);
  await rig.write('out', lost);
  const from = await until(() =>
    readdirSync(rig.dir).some((name) => name.startsWith('out.full.') && name.endsWith(String(7 + lost.length))),
  );
  assert.ok(from);
  await rm(filler(rig));
  await rig.write('out', 'after');
  await rig.exit();
  const { stdout } = await spool.settle();
  assert.equal(stdout.bytes, 7 + lost.length + 5);
  assert.equal(stdout.gaps.at(-1)?.until, 7 + lost.length);
  await checkPlaces(spool.openRead('stdout', 0), Buffer.concat([Buffer.from('before '), lost, Buffer.from('after')]));
});

test('a disk that stays full swallows the end mark, and the stream ends all the same', async (t) => {
  const rig = await rigOnSmallDisk(t);
  if (rig === undefined) return;
  const spool = await rig.open();
  await rig.write('out', 'x');
  await readBytes(spool.openRead('stdout', 0), 1);
  fill(rig);
  await rig.write('out', randomBytes(100_000));
  await rig.write('err', randomBytes(100_000));
  await rig.exit();
  await rig.letGo();
  const { stdout, stderr } = await spool.settle();
  assert.ok(stdout.bytes >= 100_001);
  assert.ok(stderr.bytes >= 100_000);
  assert.equal(stderr.gaps.at(-1)?.reason, 'disk-full');
});

/** Every byte a reader gives is the one the command wrote at that offset. */
async function checkPlaces(reader: ReturnType<Awaited<ReturnType<SpoolRig['open']>>['openRead']>, data: Buffer) {
  let at = 0;
  for (;;) {
    const piece = await reader.read(65536);
    if (piece.type === 'end') {
      assert.equal(piece.offset, data.length);
      return reader.close();
    }
    if (piece.type === 'data') {
      assert.equal(piece.offset, at);
      assert.ok(piece.data.equals(data.subarray(at, at + piece.data.length)), `bytes at ${at}`);
      at += piece.data.length;
    } else {
      assert.equal(piece.gap.from, at);
      at = piece.gap.until;
    }
  }
}

const filler = (rig: SpoolRig): string => join(dirname(rig.dir), 'filler');

function fill(rig: SpoolRig): void {
  execFileSync('sh', ['-c', 'yes | head -c 2000000 >"$1" || true', 'sh', filler(rig)], { stdio: 'ignore' });
}

async function rigOnSmallDisk(t: TestContext, segmentBytes?: number): Promise<SpoolRig | undefined> {
  const disk = await mkdtemp(join(tmpdir(), 'disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'pipe' });
  } catch (err) {
    await rm(disk, { recursive: true });
    t.skip(`needs a small disk of its own: ${(err as Error).message.trim()}`);
    return undefined;
  }
  try {
    return await SpoolRig.make(t, { parent: disk, ...(segmentBytes !== undefined && { segmentBytes }) });
  } finally {
    t.after(async () => {
      execFileSync('umount', [disk]);
      await rm(disk, { recursive: true });
    });
  }
}
