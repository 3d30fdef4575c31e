import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { failpoints } from '../../../agent/failpoints.ts';
import { isAlive, processIds, viewProcess } from '../../../agent/sandbox/process-table.ts';
import { commandEnd } from '../../../agent/supervisor/exit-file.ts';
import { probeShell, type ShellTraits } from '../../../agent/supervisor/shell-probe.ts';
import { Supervisor } from '../../../agent/supervisor/supervisor.ts';
import { until } from '../executions/host.ts';

const script = readFileSync(join(import.meta.dirname, '../../../agent/supervisor/supervisor.sh'), 'utf8');

describe('the supervisor’s script', () => {
  test('has the fail points that are the supervisor’s, and no others', () => {
    const named = [...script.matchAll(/^point ([a-z-]+)$/gm)].map((match) => match[1]);
    const expected = Object.entries(failpoints)
      .filter(([, owner]) => owner !== 'agent')
      .map(([name]) => name);
    assert.deepEqual(named, expected);
  });

  test('names no fail point that the agent passes alone', () => {
    for (const [name, owner] of Object.entries(failpoints)) {
      if (owner === 'agent') assert.ok(!new RegExp(`^point ${name}$`, 'm').test(script));
    }
  });
});

describe('Supervisor', () => {
  let traits: ShellTraits;
  let dir: string;
  before(async () => {
    traits = await probeShell('sh');
    dir = mkdtempSync(join(tmpdir(), 'muster-supervisor-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));
  const start = (): Promise<Supervisor> =>
    Supervisor.start({ spoolDir: dir, traits, cgroups: undefined, failpoint: '' });
  const sessionOf = ({ identity, leader }: Supervisor): number[] =>
    processIds().filter((pid) => [identity.pid, leader.pid].includes(viewProcess(pid)?.session ?? 0));

  test('runs nothing when its gate is closed, and leaves nobody behind', async () => {
    const supervisor = await start();
    assert.ok(isAlive(supervisor.identity));
    assert.equal(viewProcess(supervisor.identity.pid)?.session, supervisor.identity.pid);
    assert.equal(viewProcess(supervisor.leader.pid)?.session, supervisor.leader.pid);
    const session = sessionOf(supervisor);
    supervisor.close();
    await supervisor.gone;
    await until('the end of its session', () =>
      session.some((pid) => ['S', 'R'].includes(viewProcess(pid)?.state ?? '')) ? undefined : true,
    );
  });

  test('runs nothing on a line that was cut before its end', async () => {
    const supervisor = await start();
    const folder = join(dir, 'cut');
    mkdirSync(folder);
    writeFileSync(join(folder, 'launch'), `echo ran >'${folder}/ran'\n`);
    await supervisor.write(`\\000 ${folder}`);
    supervisor.closeGate();
    await supervisor.gone;
    assert.deepEqual(readdirSync(folder), ['launch']);
  });

  test('starts nothing where another one has: `started` is made once', async () => {
    const folder = join(dir, 'twice');
    mkdirSync(folder);
    writeFileSync(join(folder, 'launch'), `echo ran >>'${folder}/ran'; exec true\n`);
    const supervisors = await Promise.all([start(), start(), start()]);
    await Promise.all(supervisors.map((supervisor) => supervisor.send(Buffer.alloc(16, 7), folder)));
    await Promise.all(supervisors.map(({ gone }) => gone));
    assert.equal(readFileSync(join(folder, 'ran'), 'utf8'), 'ran\n');
    assert.ok(existsSync(join(folder, 'exit')));
    assert.ok(!existsSync(join(folder, 'exit.1')));
  });

  test('goes on to another name where `exit` can’t be written', async () => {
    const folder = join(dir, 'exit-taken');
    mkdirSync(join(folder, 'exit'), { recursive: true });
    writeFileSync(join(folder, 'launch'), 'exec sh -c "exit 4"\n');
    const supervisor = await start();
    await supervisor.send(Buffer.alloc(16, 7), folder);
    await supervisor.gone;
    assert.match(readFileSync(join(folder, 'exit.1'), 'utf8'), /^4 0 /);
  });
});

describe('what a status means', () => {
  const traits = (noted: number[]): ShellTraits => ({ shell: 'sh', prefix: '', noted: new Set(noted) });

  test('a note makes it a signal; without one it is a code where this shell would have noted', () => {
    assert.deepEqual(commandEnd({ status: 137, noted: true }, traits([9])), { signal: 9, inferred: false });
    assert.deepEqual(commandEnd({ status: 137, noted: false }, traits([9])), { exitCode: 137 });
  });

  test('a signal that this shell never notes is inferred, and said to be', () => {
    assert.deepEqual(commandEnd({ status: 130, noted: false }, traits([9])), { signal: 2, inferred: true });
  });

  test('what no signal has is a code', () => {
    for (const status of [0, 1, 127, 128, 255, 128 + 17, 128 + 19]) {
      assert.deepEqual(commandEnd({ status, noted: false }, traits([9, 64])), { exitCode: status });
    }
  });
});
