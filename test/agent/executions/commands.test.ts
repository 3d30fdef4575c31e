import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { executionId, newJobId } from '../../../shared/ids.ts';
import { Rig } from './rig.ts';

describe('what a command gets', () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.open({
      environment: { SECRET_OF_AGENT: 'x', FROM_LIST: 'listed' },
      settings: { environmentAllowList: ['PATH', 'FROM_LIST'] },
    });
  });
  after(() => rig.dispose());

  const outputOf = async (...args: Parameters<Rig['run']>): Promise<string> => {
    const before = rig.events.length;
    const result = await rig.run(...args);
    assert.equal(result.state, 'EXECUTION_STATE_SUCCEEDED', JSON.stringify(result));
    const id = rig.events.slice(before).find(({ type }) => type === 'finished')?.execution;
    assert.ok(id);
    return (await rig.output(id, 'stdout')).toString();
  };

  test('arguments pass unchanged, whatever a shell would make of them', async () => {
    const args = [
      '$HOME',
      '`id`',
      "it's",
      '"q"',
      '\\',
      '\\n',
      '*',
      '',
      ' a  b ',
      'ü\u{1F600}\u0081',
      '-n',
      '--',
      'x\ny',
      '\u0001\u007f',
    ];
    const printed = await outputOf({ argv: ['printf', '<%s>', ...args] });
    assert.equal(printed, args.map((arg) => `<${arg}>`).join(''));
  });

  test('128 KiB of arguments pass, in many and in one', async () => {
    assert.equal(
      await outputOf({
        argv: ['sh', '-c', 'echo $#', 'sh', ...Array<string>(4000).fill('0123456789abcdef0123456789')],
      }),
      '4000\n',
    );
    const one = "'".repeat(131_000);
    assert.equal(await outputOf({ argv: ['printf', '%s', one] }), one);
  });

  test('a program may be called by a name that begins with a dash', async () => {
    const result = await rig.run({ argv: ['-no-such-program'] });
    assert.equal(result.state, 'EXECUTION_STATE_FAILED');
  });

  test('its environment is the allow-list, the order’s entries and its identity, and nothing else', async () => {
    const env = {
      VALUE: 'a\'b "c" $d `e` \\\nf',
      IFS: 'x',
      OPTIND: 'none',
      spool: '1',
      folder: '2',
      REPLY: '3',
      UID: '7',
    };
    const offered = rig.order({ argv: ['env', '-0'], env });
    const id = rig.offer(offered, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    await rig.finished(id);
    const text = (await rig.output(id, 'stdout')).toString();
    const entries = Object.fromEntries(
      text
        .split('\0')
        .filter(Boolean)
        .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    );
    const [job, node] = id.split('/');
    // What `cd` of a POSIX shell exports.
    delete entries.PWD;
    assert.deepEqual(entries, {
      ...env,
      PATH: process.env.PATH,
      FROM_LIST: 'listed',
      MUSTER_JOB: job,
      MUSTER_NODE: 'rig',
      MUSTER_NODE_UID: node,
      MUSTER_ATTEMPT: '1',
      MUSTER_EXECUTION: id,
      TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
  });

  test('a shell runs only where the order says so', async () => {
    assert.equal(await outputOf({ argv: ['echo $((1 + 1)) | cat'], shell: true }), '2\n');
    assert.equal(await outputOf({ argv: ['echo', '$((1 + 1)) | cat'] }), '$((1 + 1)) | cat\n');
  });

  test('it runs in the working directory of the order', async () => {
    const dir = mkdtempSync(join(tmpdir(), "muster it's "));
    try {
      assert.equal(await outputOf({ argv: ['pwd'], workingDirectory: dir }), `${dir}\n`);
      assert.equal(await outputOf({ argv: ['pwd'] }), '/\n');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test('of the files open in agent, supervisor and launcher it has three and no more', async () => {
    // Whatever started this test may have left files open to all its children.
    const { stdout } = await execa('ls', ['/proc/self/fd'], { stdin: 'ignore' });
    assert.equal((await outputOf({ argv: ['ls', '/proc/self/fd'] })).trim(), stdout.trim());
  });

  test('standard input is the order’s, or empty', async () => {
    assert.equal(await outputOf({ argv: ['cat'] }), '');
    assert.equal(await outputOf({ argv: ['cat'] }, { stdin: Buffer.from('given\n') }), 'given\n');
    assert.equal(
      await outputOf({ argv: ['sh', '-c', 'cat /dev/stdin; cat /dev/stdin'] }, { stdin: Buffer.from('twice\n') }),
      'twice\ntwice\n',
    );
  });

  test('it leads a session of its own, without its supervisor in it', async () => {
    const [pid, session, group] = (await outputOf({ argv: ['sh', '-c', 'set -- $(cat /proc/$$/stat); echo $1 $6 $5'] }))
      .trim()
      .split(' ');
    assert.equal(session, pid);
    assert.equal(group, pid);
  });

  test('> /dev/stderr in the middle of a script loses nothing', async () => {
    const id = rig.offer(
      rig.order({ argv: ['sh', '-c', 'echo 1 >&2; echo 2 > /dev/stderr; echo 3 >&2; echo 4 > /dev/stdout'] }),
    );
    await rig.finished(id);
    assert.equal((await rig.output(id, 'stderr')).toString(), '1\n2\n3\n');
    assert.equal((await rig.output(id, 'stdout')).toString(), '4\n');
  });

  test('output is there for a reader who came before the start and for one who comes late', async () => {
    const id = rig.offer(rig.order({ argv: ['sh', '-c', 'echo one; echo two'] }));
    await rig.until('acceptance', () => rig.events.some((event) => event.execution === id));
    const early = rig.output(id, 'stdout');
    await rig.finished(id);
    assert.equal((await early).toString(), 'one\ntwo\n');
    assert.equal((await rig.output(id, 'stdout')).toString(), 'one\ntwo\n');
    assert.equal(rig.executions.openRead(executionId(newJobId(), rig.uid, 1), 'stdout', 0), undefined);
  });
});
