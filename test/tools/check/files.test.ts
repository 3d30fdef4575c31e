import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leftovers, lengthFinding } from '../../../tools/check/files.ts';

const lines = (count: number): string => `${Array.from({ length: count }, (_, at) => `line ${at}`).join('\n')}\n`;

test('a file over 320 lines is a problem, one over 250 a note', () => {
  const sources = new Map([250, 251, 320, 321].map((count) => [`${count}.ts`, lines(count)]));
  assert.deepEqual(lengthFinding(sources), {
    problems: ['321.ts: 321 lines'],
    notes: ['251.ts: 251 lines', '320.ts: 320 lines'],
  });
});

test('notes to self and silenced types are found with their line', () => {
  const mark = ['TO', 'DO'].join('');
  assert.deepEqual(leftovers('a.ts', `fine\n  // ${mark}: later\n`), [`a.ts:2: // ${mark}: later`]);
  assert.equal(leftovers('a.ts', `// @ts-${'ignore'}`).length, 1);
  assert.deepEqual(leftovers('a.ts', 'a todo list, a hacksaw\n'), []);
});
