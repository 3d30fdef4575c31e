import assert from 'node:assert/strict';
import { arch, hostname, platform, release } from 'node:os';
import { test } from 'node:test';
import { collectFacts, parseOsRelease, readBootId, readOsRelease } from '../../../agent/facts.ts';
import { validateFacts } from '../../../shared/selector/labels.ts';

test('the facts of this host have names and values that a replica takes', () => {
  const facts = collectFacts({
    version: '1.2.3',
    executor: { containment: 'marker' },
    custom: new Map(),
    osRelease: readOsRelease(),
  });
  validateFacts(facts);
  assert.deepEqual(
    [facts.os, facts.arch, facts.kernel, facts.hostname, facts['agent-version'], facts.containment],
    [platform(), arch(), release(), hostname(), '1.2.3', 'marker'],
  );
  assert.match(facts.cpus ?? '', /^[1-9]\d*$/);
  assert.match(facts['memory-bytes'] ?? '', /^[1-9]\d+$/);
});

test('the distribution is read from os-release, quoted or not', () => {
  const osRelease = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n# ID=no\n';
  assert.equal(parseOsRelease(osRelease).get('PRETTY_NAME'), 'Debian GNU/Linux 12');
  const facts = collectFacts({ version: '1', executor: {}, custom: new Map(), osRelease });
  assert.deepEqual([facts.distro, facts['distro-version']], ['debian', '12']);
});

test('what the owner of the host says wins, and there are never more than 128', () => {
  const custom = new Map(Array.from({ length: 200 }, (_, n) => [`fact${n}`, String(n)]));
  const facts = collectFacts({ version: '1', executor: { os: 'x' }, custom: custom.set('os', 'mine'), osRelease: '' });
  assert.equal(Object.keys(facts).length, 128);
  const few = collectFacts({ version: '1', executor: { os: 'x' }, custom: new Map([['os', 'mine']]), osRelease: '' });
  assert.equal(few.os, 'mine');
});

test('the boot id is the kernel’s', () => {
  assert.match(readBootId(), /^[0-9a-f-]{36}$/);
});
