import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { resolveRunAs } from '../../../agent/sandbox/run-as.ts';
import type { ExecutionId } from '../../../shared/ids.ts';
import { Rig } from '../executions/rig.ts';

const root = process.getuid?.() === 0;

describe('running as another user', { skip: !root && 'only root can' }, () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.open();
  });
  after(() => rig.dispose());

  const run = async (
    script: string,
    more: Parameters<Rig['order']>[1] = {},
    env = {},
  ): Promise<{ id: ExecutionId; stdout: string; stderr: string }> => {
    const offered = rig.order({ argv: ['sh', '-c', script], runAs: 'nobody', env }, more);
    rig.offer(offered);
    if (offered.stdin) rig.executions.input(offered.id, 0, offered.stdin);
    const result = await rig.finished(offered.id);
    assert.equal(result.state, 'EXECUTION_STATE_SUCCEEDED', JSON.stringify(result));
    const [stdout, stderr] = [await rig.output(offered.id, 'stdout'), await rig.output(offered.id, 'stderr')];
    return { id: offered.id, stdout: stdout.toString(), stderr: stderr.toString() };
  };

  test('it is that user, with that user’s groups and no capability', async () => {
    const { stdout } = await run(
      'id -un; id -gn; id -Gn; grep -E "^Cap(Inh|Prm|Eff)" /proc/self/status | cut -f2 | sort -u; echo $USER $HOME',
    );
    assert.equal(stdout, 'nobody\nnogroup\nnogroup\n0000000000000000\nnobody /nonexistent\n');
  });

  test('> /dev/stderr and > /dev/stdout in the middle lose nothing', async () => {
    const { stdout, stderr } = await run(
      'echo 1 >&2; echo 2 >/dev/stderr; echo 3 >&2; echo 4; echo 5 >/dev/stdout; echo 6',
    );
    assert.equal(stderr, '1\n2\n3\n');
    assert.equal(stdout, '4\n5\n6\n');
  });

  test('standard input can be read, by its name too', async () => {
    assert.equal((await run('cat; cat /dev/stdin', { stdin: Buffer.from('in\n') })).stdout, 'in\nin\n');
  });

  test('nothing of the order’s environment works on root’s side of the change', async () => {
    const { stderr } = await run(':', {}, { LD_PRELOAD: '/no/such/library.so' });
    // The loader complains once for each program that starts with it: that is the command, and nothing before it.
    assert.equal(stderr.match(/LD_PRELOAD/g)?.length, 1);
  });

  test('no file but three is open', async () => {
    const { stdout } = await run('exec ls /proc/self/fd');
    // The fourth is the folder that `ls` reads.
    const open = stdout.split('\n').filter((fd) => fd !== '' && Number(fd) < 10);
    assert.deepEqual(open, ['0', '1', '2', '3']);
  });

  test('a program that is missing, or not for this user, is a spawn error', async () => {
    for (const argv of [['muster-no-such-program'], ['/root/x'], ['/etc/shadow']]) {
      const result = await rig.run({ argv, runAs: 'nobody' });
      assert.equal(result.state, 'EXECUTION_STATE_FAILED');
      assert.equal(result.reason, 'spawn');
    }
  });

  test('exit 127 of its own is an exit code', async () => {
    const result = await rig.run({ argv: ['sh', '-c', 'exit 127'], runAs: 'nobody' });
    assert.equal(result.exitCode, 127);
    assert.equal(result.reason ?? '', '');
  });

  test('a cancel reaches it', async () => {
    const id = rig.offer(rig.order({ argv: ['sleep', '300'], runAs: 'nobody' }));
    await rig.started(id);
    rig.executions.cancel(id, 9, 0);
    assert.equal((await rig.finished(id)).signal, 9);
  });
});

describe('whom an order may run as', () => {
  test('nobody in particular is the agent’s own user, and so is its own name', async () => {
    assert.deepEqual(await resolveRunAs('', 1000), { user: undefined });
    assert.deepEqual(await resolveRunAs('root', 0), { user: undefined });
  });

  test('an unknown user is named', async () => {
    const resolved = await resolveRunAs('muster-nobody-here', 0);
    assert.match('refusal' in resolved ? resolved.refusal : '', /command\.run_as: .*"muster-nobody-here"/);
  });

  test('another user needs root', async () => {
    const resolved = await resolveRunAs('nobody', 1000);
    assert.match('refusal' in resolved ? resolved.refusal : '', /command\.run_as: .*not root.*nobody/);
  });

  test('a user may be named by number', async () => {
    const resolved = await resolveRunAs('65534', 0);
    assert.equal('user' in resolved && resolved.user?.name, 'nobody');
  });
});
