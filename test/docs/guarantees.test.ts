import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cases } from '../../faults/cases.ts';
import { parseFaultOptions } from '../../faults/options.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Every command of npm that the document names, in a block or in a sentence. */
const commands = [...text.matchAll(/npm (?:run )?[a-z]+(?: -- [^`#\n]*)?/g)].map(([command]) => command.trim());
const caseNames = cases.map(({ name }) => name);

test('every script that guarantees.md names is one of the package', () => {
  assert.ok(commands.length > 20);
  for (const command of commands) {
    const name = /^npm (?:run )?([a-z]+)/.exec(command)?.[1] ?? '';
    assert.ok(scripts[name], command);
  }
});

test('every test it names exists', () => {
  const paths = commands.flatMap((command) => /^npm test -- (.*)$/.exec(command)?.[1]?.split(' ') ?? []);
  assert.ok(paths.length > 8);
  for (const path of paths) assert.ok(existsSync(join(root, path)), path);
});

test('every fault it names can be run, and it names every case of the suite', () => {
  const flags = commands.flatMap((command) => /^npm run faults -- (.*)$/.exec(command)?.[1] ?? []);
  // A name stands for any.
  const given = flags.map((line) => line.split(' ')).filter((words) => words[1] !== 'NAME');
  const named = given.flatMap((words) => parseFaultOptions(words, caseNames, () => 1).cases);
  assert.deepEqual([...new Set(named)].sort(), [...caseNames].sort());
});

test('each guarantee says where it ends and how to test it', () => {
  const sections = text.split(/^## (?=G\d)/m).slice(1);
  assert.deepEqual(
    sections.map((section) => section.split(' ')[0]),
    ['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8', 'G11'],
  );
  for (const section of sections) {
    assert.match(section, /^Limits: /m);
    assert.match(section, /```sh\nnpm /);
  }
});
