import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandReference } from '../../cli/reference.ts';

test('docs/cli.md is what the commands say; `node cli/reference.ts` writes it', () => {
  assert.equal(readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8'), commandReference());
});
