// What a journal still tells when it was cut off or changed on the disk. MUSTER_JOURNAL_SEED replays a run, MUSTER_JOURNAL_FLIPS
// makes it long.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { type Frame, readFrames } from '../../../agent/journal/frames.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { applyRecord, type ExecutionRecord, type JournalEntry } from '../../../agent/journal/record.ts';
import { type ExecutionId, executionId, newJobId, newNodeUid } from '../../../shared/ids.ts';
import { Random } from '../../crash/random.ts';

const log = pino({ level: 'silent' });
const seed = Number(process.env.MUSTER_JOURNAL_SEED ?? Math.floor(Math.random() * 1e9));
const flips = Number(process.env.MUSTER_JOURNAL_FLIPS ?? 1000);

describe('a journal that was damaged', () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-damage-'));
  const path = join(dir, 'journal');
  after(() => rmSync(dir, { recursive: true }));
  let whole: Buffer;
  /** Every record, and where it begins and ends. */
  const records: { frame: Frame; from: number; until: number }[] = [];

  before(async () => {
    const uid = newNodeUid();
    const journal = await Journal.open({ dir, log });
    const identity = { pid: 4711, startTime: '99' };
    for (let n = 0; n < 3; n++) {
      const id = executionId(newJobId(), uid, 1);
      const place = { nonce: '0123456789abcdef'.repeat(2), spool: 'fedcba9876543210', cgroup: undefined };
      const starting = { ...place, bootId: 'b', monotonicMs: 1, atUnixMs: 2, supervisor: identity, leader: identity };
      await journal.append({ type: 'received', id, digest: 'aa', expiresUnixMs: 5 }, Buffer.from('order'));
      await journal.append({ type: 'starting', id, starting });
      if (n === 0) continue;
      const ending = { cause: 'cancel', monotonicMs: 3, signal: 15, graceMs: 4, overrunMs: 0 } as const;
      await journal.append({ type: 'ending', id, ending });
      const kept = { spool: place.spool, nonce: place.nonce, spoolBytes: 7 };
      const over = { type: 'finished', id, digest: 'aa', expiresUnixMs: 5, finishedUnixMs: 6, ...kept } as const;
      await journal.append(over, Buffer.from([0, 255, 10, 77, 74, 49, 10, 1]));
      if (n === 1) continue;
      await journal.append({ type: 'released', id });
      await journal.append({ type: 'unspooled', id });
      await journal.append({ type: 'forgotten', id });
    }
    await journal.close();
    whole = readFileSync(path);
    for (let from = 0; from < whole.length; ) {
      const { goodBytes, frames } = firstFrame(whole.subarray(from));
      records.push({ frame: frames[0] as Frame, from, until: from + goodBytes });
      from += goodBytes;
    }
    assert.equal(records.length, 13);
  });

  test('tells, cut off at any byte, exactly what is whole before the cut, and takes more', async () => {
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(path, whole.subarray(0, cut));
      const journal = await Journal.open({ dir, log });
      const kept = records.filter(({ until }) => until <= cut).map(({ frame }) => frame);
      assert.deepEqual([...journal.entries], [...entriesOf(kept)], `cut at ${cut}`);
      // One append is one sync of the disk.
      if (cut % 8 !== 0) {
        await journal.close();
        continue;
      }
      await journal.append({ type: 'received', id: 'later' as ExecutionId, digest: '', expiresUnixMs: 1 });
      await journal.close();
      assert.equal(readFrames(readFileSync(path)).frames.length, kept.length + 1, `after the cut at ${cut}`);
    }
  });

  test(`tells, with bits flipped anywhere ${flips} times (seed ${seed}), every record that was not hit, and nothing that was never said`, async () => {
    const random = new Random(seed);
    for (let time = 0; time < flips; time++) {
      const bytes = Buffer.from(whole);
      const hit = new Set<number>();
      for (let left = 1 + random.below(4); left > 0; left--) {
        const at = random.below(bytes.length);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
        if (bytes[at] === whole[at]) hit.delete(at);
        else hit.add(at);
      }
      writeFileSync(path, bytes);
      const journal = await Journal.open({ dir, log });
      await journal.close();
      const untouched = records.filter(({ from, until }) => ![...hit].some((at) => at >= from && at < until));
      const told = untouched.map(({ frame }) => frame);
      const where = `flip ${time}: bytes ${[...hit].join(', ')}`;
      assert.deepEqual(readFrames(bytes).frames, told, where);
      assert.deepEqual([...journal.entries], [...entriesOf(told)], where);
    }
  });
});

function firstFrame(bytes: Buffer): ReturnType<typeof readFrames> {
  for (let length = 16; ; length++) {
    const read = readFrames(bytes.subarray(0, length));
    if (read.frames.length === 1) return read;
  }
}

function entriesOf(frames: readonly Frame[]): Map<ExecutionId, JournalEntry> {
  const entries = new Map<ExecutionId, JournalEntry>();
  for (const { head, blob } of frames) {
    const record = head as unknown as ExecutionRecord;
    const entry = applyRecord(entries.get(record.id), record, blob);
    if (entry) entries.set(record.id, entry);
    else entries.delete(record.id);
  }
  return entries;
}
