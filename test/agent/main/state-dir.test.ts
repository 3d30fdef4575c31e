import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { StateDir } from '../../../agent/state-dir.ts';

let parent: string;
let path: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'muster-state-'));
  path = join(parent, 'deep', 'state');
});
afterEach(() => rmSync(parent, { recursive: true }));

test('the uid is made once and kept, in a folder that nobody else can read', () => {
  const { uid } = new StateDir({ path });
  assert.match(uid, /^[0-9a-f]{32}$/);
  assert.equal(new StateDir({ path }).uid, uid);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(statSync(join(path, 'uid')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(path).sort(), ['key.pem', 'uid']);
  assert.equal(statSync(join(path, 'key.pem')).mode & 0o777, 0o600);
  chmodSync(path, 0o755);
  assert.equal(new StateDir({ path }).uid, uid);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.notEqual(new StateDir({ path: join(parent, 'other') }).uid, uid);
});

test('the highest epoch outlives the agent, and never goes down', () => {
  const state = new StateDir({ path });
  assert.equal(state.highest, undefined);
  state.raise({ era: 1, revision: 12 });
  state.raise({ era: 1, revision: 11 });
  state.raise({ era: 0, revision: 99 });
  assert.deepEqual(new StateDir({ path }).highest, { era: 1, revision: 12 });
  state.raise({ era: 2, revision: 1 });
  assert.deepEqual(state.highest, { era: 2, revision: 1 });
  assert.deepEqual(new StateDir({ path }).highest, { era: 2, revision: 1 });
});

test('an epoch half written by an agent that died changes nothing', () => {
  new StateDir({ path }).raise({ era: 1, revision: 12 });
  writeFileSync(join(path, 'epoch.next'), '7');
  assert.deepEqual(new StateDir({ path }).highest, { era: 1, revision: 12 });
});

for (const [file, text] of [
  ['uid', 'nonsense\n'],
  ['uid', ''],
  ['epoch', '1.2'],
  ['epoch', 'x\n'],
] as const) {
  test(`a damaged ${file} (${JSON.stringify(text)}) stops the start, is named and left alone`, () => {
    new StateDir({ path }).raise({ era: 1, revision: 1 });
    writeFileSync(join(path, file), text);
    assert.throws(() => new StateDir({ path }), {
      reason: 'INVALID_FIELD',
      message: new RegExp(`--state-dir: .*${file} is damaged`),
    });
    assert.equal(readFileSync(join(path, file), 'utf8'), text);
  });
}

test('a folder that cannot be made is an error that names the setting', () => {
  writeFileSync(join(parent, 'file'), '');
  assert.throws(() => new StateDir({ path: join(parent, 'file', 'state') }), {
    reason: 'INVALID_FIELD',
    message: /--state-dir/,
  });
});
