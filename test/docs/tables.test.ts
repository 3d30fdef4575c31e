import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { catalog } from '../../shared/errors.ts';
import { Metrics } from '../../shared/metrics.ts';
import { watchProcess } from '../../shared/telemetry/process-metrics.ts';
import { createReplicaMetrics } from '../../shared/telemetry/replica-metrics.ts';

const doc = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');

test('protocol.md has every error of the catalog, with its status and whether to retry', () => {
  const rows = doc('protocol.md').match(/^\| `[A-Z_]+` \| [A-Z_]+ \| (yes|no) \|$/gm);
  const expected = Object.entries(catalog).map(
    ([reason, entry]) => `| \`${reason}\` | ${status[entry.status]} | ${entry.retry ? 'yes' : 'no'} |`,
  );
  assert.deepEqual(rows, expected);
});

test('telemetry.md names every metric of a replica, and no other', (t) => {
  const metrics = new Metrics();
  createReplicaMetrics(metrics);
  t.after(watchProcess(metrics));
  const table = doc('telemetry.md')
    .split('\n')
    .filter((line) => line.startsWith('| `muster_'));
  const named = table.flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)]);
  assert.deepEqual(named.map(([, name]) => name).sort(), [...metrics.names].sort());
});

test('links between documents lead somewhere', () => {
  for (const name of [
    'architecture.md',
    'vocabulary.md',
    'protocol.md',
    'contributing.md',
    'telemetry.md',
    'settings.md',
    'cli.md',
    'guarantees.md',
    'operations.md',
    'jsonl.md',
    'recovery.md',
  ]) {
    for (const [, target = '', anchor] of doc(name).matchAll(/\]\(([a-z-]+\.md)(?:#([a-z-]+))?\)/g)) {
      const headings = Array.from(doc(target).matchAll(/^#+ (.*)$/gm), ([, text = '']) =>
        text
          .toLowerCase()
          .replace(/[^a-z -]/g, '')
          .replaceAll(' ', '-'),
      );
      assert.ok(anchor === undefined || headings.includes(anchor), `${name}: ${target}#${anchor}`);
    }
  }
});
