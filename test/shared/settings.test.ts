import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MusterError } from '../../shared/errors.ts';
import {
  address,
  bytes,
  duration,
  integer,
  listOf,
  oneOf,
  pairs,
  path,
  text,
  toggle,
} from '../../shared/setting-types.ts';
import { defineSettings } from '../../shared/settings.ts';

const settings = defineSettings('muster thing', {
  listen: { type: address(), default: '127.0.0.1:7400', doc: 'Where it listens.' },
  graceMs: { type: duration({ min: 0, max: 60_000 }), default: '5s', doc: 'Grace.' },
  spoolBytes: { type: bytes({ max: 2 ** 31 }), default: '64KiB', doc: 'Spool.' },
  slots: { type: integer({ min: 1, max: 8 }), default: '2', doc: 'Slots.' },
  mode: { type: oneOf('cgroup', 'marker'), default: 'cgroup', doc: 'Mode.' },
  verbose: { type: toggle(), default: 'false', doc: 'Verbose.' },
  replicas: { type: listOf(address()), default: '127.0.0.1:1', doc: 'Replicas.' },
  labels: { type: pairs(), default: '', flag: 'label', doc: 'Labels.' },
  state: { type: path(), required: true, doc: 'State.' },
  name: { type: text(), doc: 'Name.' },
});
const parse = (argv: string[], env: Record<string, string> = {}) => settings.parse(['--state', '/s', ...argv], env);

function fault(argv: string[], env: Record<string, string> = {}): { field: string | undefined; message: string } {
  try {
    settings.parse(argv, env);
  } catch (error) {
    assert.ok(error instanceof MusterError);
    assert.equal(error.reason, 'INVALID_FIELD');
    return { field: error.field, message: error.message };
  }
  return assert.fail('was accepted');
}

test('defaults stand where nothing is given, and a setting without one is undefined', () => {
  const { labels, ...rest } = parse([]);
  assert.equal(labels.size, 0);
  assert.deepEqual(rest, {
    listen: '127.0.0.1:7400',
    graceMs: 5000,
    spoolBytes: 65_536,
    slots: 2,
    mode: 'cgroup',
    verbose: false,
    replicas: ['127.0.0.1:1'],
    state: '/s',
    name: undefined,
  });
});

test('a flag wins over the environment, and that over the default; an empty variable counts as not set', () => {
  assert.equal(parse([], { MUSTER_GRACE: '1m' }).graceMs, 60_000);
  assert.equal(parse(['--grace', '3000ms'], { MUSTER_GRACE: '1m' }).graceMs, 3000);
  assert.equal(parse([], { MUSTER_SLOTS: '' }).slots, 2);
});

test('every type reads what its shape says', () => {
  const argv = ['--listen=[::1]:0', '--spool', '2GiB', '--slots=8', '--mode', 'marker', '--verbose', '--name', 'a=b'];
  const values = parse([
    ...argv,
    '--replicas',
    'a:1,b.example:2',
    '--replicas=c:3',
    '--label',
    'role=web',
    '--label',
    '__proto__=x',
  ]);
  assert.deepEqual([values.listen, values.spoolBytes, values.slots, values.mode], ['[::1]:0', 2 ** 31, 8, 'marker']);
  assert.deepEqual([values.verbose, values.name], [true, 'a=b']);
  assert.deepEqual(values.replicas, ['a:1', 'b.example:2', 'c:3']);
  assert.deepEqual(
    [...values.labels],
    [
      ['role', 'web'],
      ['__proto__', 'x'],
    ],
  );
  assert.equal(parse(['--no-verbose'], { MUSTER_VERBOSE: 'true' }).verbose, false);
  assert.deepEqual(
    [...parse([], { MUSTER_LABEL: 'a=1,b=' }).labels],
    [
      ['a', '1'],
      ['b', ''],
    ],
  );
});

test('a wrong value names the flag or the variable it came from, and what would be right', () => {
  const state = ['--state', '/s'];
  const wrong: [string[], Record<string, string>, string, RegExp][] = [
    [[...state, '--grace', '5'], {}, '--grace', /number with a unit.*not "5"/],
    [[...state, '--grace', '2m'], {}, '--grace', /at most 1m/],
    [state, { MUSTER_GRACE: 'soon' }, 'MUSTER_GRACE', /3000ms/],
    [[...state, '--spool=1.5kb'], {}, '--spool', /64KiB/],
    [[...state, '--slots', '0'], {}, '--slots', /at least 1/],
    [[...state, '--slots', '1e3'], {}, '--slots', /whole number/],
    [[...state, '--mode', 'both'], {}, '--mode', /one of cgroup, marker/],
    [[...state, '--verbose=perhaps'], {}, '--verbose', /true or false/],
    [[...state, '--listen', '127.0.0.1'], {}, '--listen', /host:port/],
    [[...state, '--listen', '300.0.0.1:1'], {}, '--listen', /host:port/],
    [[...state, '--replicas', 'a:1,b'], {}, '--replicas', /each host:port/],
    [[...state, '--label', 'role'], {}, '--label', /key=value/],
    [[...state, '--slots', '1', '--slots', '2'], {}, '--slots', /more than once/],
    [[...state, '--slots'], {}, '--slots', /needs a value/],
    [[], {}, '--state', /MUSTER_STATE/],
    [[...state, '--grase', '1s'], {}, '--grase', /no such flag; did you mean --grace/],
    [[...state, 'extra'], {}, 'extra', /only flags/],
  ];
  for (const [argv, env, field, message] of wrong) {
    const found = fault(argv, env);
    assert.equal(found.field, field, argv.join(' '));
    assert.match(found.message, message, argv.join(' '));
  }
});

test('a table that contradicts itself does not load', () => {
  assert.throws(() => defineSettings('x', { a: { type: integer(), default: 'b', doc: '' } }), /default of a/);
  const twice = { a: { type: text(), doc: '' }, b: { type: text(), flag: 'a', env: 'B', doc: '' } };
  assert.throws(() => defineSettings('x', twice), /two settings have the flag a/);
});

test('help names every flag, its variable and its default', () => {
  assert.ok(settings.wantsHelp(['--grace', '1s', '-h']));
  assert.ok(!settings.wantsHelp(['--grace', '1s']));
  for (const row of settings.rows) {
    assert.ok(settings.help().includes(`--${row.flag}`) && settings.help().includes(row.env));
  }
  assert.match(settings.help(), /--grace <duration>\n +Grace\.\n +MUSTER_GRACE, default 5s/);
});
