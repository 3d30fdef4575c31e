// Loaded before an agent (`node --import`) to show what a check is good for: rewrites its source as it is loaded, and shifts its clock.
// The agent itself has no switch that turns a check off.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Edit } from './switches.ts';

const root = join(import.meta.dirname, '../..');
const { MUSTER_ABUSE_EDITS: edits = '[]', MUSTER_ABUSE_CLOCK: clockFile = '' } = process.env;

const byUrl = new Map<string, Edit[]>();
for (const edit of JSON.parse(edits) as Edit[]) {
  const { href } = pathToFileURL(join(root, edit.file));
  byUrl.set(href, [...(byUrl.get(href) ?? []), edit]);
}
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const wanted = byUrl.get(url);
    if (wanted === undefined) return loaded;
    let source = readFileSync(new URL(url), 'utf8');
    for (const { find, replace } of wanted) {
      if (source.split(find).length !== 2) throw new Error(`${url}: ${JSON.stringify(find)} is not there once`);
      source = source.replace(find, () => replace);
    }
    return { ...loaded, source };
  },
});

if (clockFile !== '') {
  const { now } = Date;
  const shiftMs = Number(readFileSync(clockFile, 'utf8'));
  Date.now = () => now() + shiftMs;
}
