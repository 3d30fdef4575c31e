// A real start of the executions' side of an agent over a state folder whose journal ends, or is damaged, at each record.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { readFrames } from '../../../agent/journal/frames.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import { killAll } from './crash-case.ts';
import { type Offered, Rig } from './rig.ts';

type Damage = 'cut before' | 'cut inside' | 'flipped in';

describe('an agent over a damaged journal', () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-damaged-'));
  const kept = join(dir, 'kept');
  const offered = new Map<string, Offered>();
  let rig: Rig;
  let whole: Buffer;
  let borders: number[];

  /** Executions of every class, and then nothing of them is left but the disk. */
  before(async () => {
    rig = await Rig.open({ settings: { containment: 'marker' } });
    const add = (name: string, script: string, more = {}): ExecutionId => {
      const counted = rig.order({ argv: ['sh', '-c', `echo ${name} >>${dir}/starts; ${script}`] }, more);
      offered.set(name, counted);
      return rig.offer(counted);
    };
    const released = add('released', 'exit 4');
    await rig.finished(released);
    rig.executions.release([released]);
    await rig.finished(add('ended', 'echo output; exit 5'));
    const cancelled = add('cancelled', 'sleep 300');
    await rig.started(cancelled);
    rig.executions.cancel(cancelled, 0, 100);
    await rig.finished(cancelled);
    const running = add('running', 'sleep 300');
    const waiting = add('waiting', 'exit 6', { notBeforeUnixMs: Date.now() + 3_600_000 });
    await rig.started(running);
    await rig.until('its start', () => starts().includes('running'));
    await rig.until('acceptance', () => rig.events.some(({ execution }) => execution === waiting));
    await rig.executions.close();
    await killAll(rig.stateDir, running);
    await execa('cp', ['-a', rig.stateDir, kept]);
    whole = readFileSync(join(kept, 'journal/journal'));
    borders = bordersOf(whole);
    assert.equal(borders.length, 14);
  });
  after(async () => {
    await rig.reopen();
    await rig.dispose();
    rmSync(dir, { recursive: true });
  });

  const starts = (): string[] => {
    try {
      return readFileSync(join(dir, 'starts'), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };

  for (const damage of ['cut before', 'cut inside', 'flipped in'] as const) {
    test(`${damage} each record: it starts, reports, starts nothing twice, and serves the rest`, async () => {
      for (const [at, from] of borders.entries()) {
        const until = borders[at + 1] ?? whole.length;
        await boots(damaged(damage, from, until), `${damage} record ${at}`);
      }
    });
  }

  test('an empty one, and one that is nothing but garbage: the same', async () => {
    await boots(Buffer.alloc(0), 'empty');
    await boots(Buffer.alloc(5000, 'MJ1\nx'), 'garbage');
  });

  function damaged(damage: Damage, from: number, until: number): Buffer {
    const middle = from + Math.floor((until - from) / 2);
    if (damage === 'cut before') return whole.subarray(0, from);
    if (damage === 'cut inside') return whole.subarray(0, middle);
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 32, middle);
    return bytes;
  }

  async function boots(journal: Buffer, what: string): Promise<void> {
    const stateDir = join(dir, 'state');
    await execa('cp', ['-a', kept, stateDir]);
    writeFileSync(join(stateDir, 'journal/journal'), journal);
    const again = await Rig.open({ taken: { stateDir, uid: rig.uid }, settings: { containment: 'marker' } });
    const idOf = (name: string): ExecutionId => offered.get(name)?.id ?? assert.fail(name);
    try {
      for (const one of offered.values()) again.offer(one);
      const states = new Map<string, string>();
      for (const name of ['released', 'ended', 'cancelled', 'running']) {
        const { state, reason } = await again.finished(idOf(name)).catch(() => told(again, idOf(name)));
        states.set(name, `${state} ${reason ?? ''}`.trim());
      }
      // What ended has its `exit`, whoever remembers it; what ran has none, and nobody claims to know.
      assert.deepEqual(
        [states.get('released'), states.get('ended')],
        ['EXECUTION_STATE_FAILED', 'EXECUTION_STATE_FAILED'],
        what,
      );
      assert.match(states.get('cancelled') ?? '', /^EXECUTION_STATE_(CANCELLED|FAILED)/, what);
      assert.match(states.get('running') ?? '', /^EXECUTION_STATE_INTERRUPTED (supervisor|journal)$/, what);
      assert.equal((await again.output(idOf('ended'), 'stdout')).toString(), 'output\n', what);
      const fresh = await again.run({ argv: ['true'] });
      assert.equal(fresh.state, 'EXECUTION_STATE_SUCCEEDED', what);
      assert.deepEqual(starts().toSorted(), ['cancelled', 'ended', 'released', 'running'], what);
      assert.ok(readdirSync(join(stateDir, 'executions')).length >= 4, what);
    } finally {
      await again.dispose();
    }
  }

  /** A released one is no event of its own. */
  function told(again: Rig, id: ExecutionId): { state?: unknown; reason?: string } {
    const finished = again.executions.present(id).find(({ type }) => type === 'finished');
    return finished?.type === 'finished' ? finished.result : assert.fail(`${id} is not known`);
  }
});

function bordersOf(journal: Buffer): number[] {
  const borders: number[] = [];
  for (let at = 0; at !== -1; at = journal.indexOf('MJ1\n', at + 1)) {
    if (readFrames(journal.subarray(0, at)).frames.length === borders.length) borders.push(at);
  }
  return borders;
}
