import type { Node__Output } from '../../proto/gen/muster/v1/Node.ts';
import { isoTime } from './documents.ts';
import { age } from './short-duration.ts';
import { tableText } from './table.ts';
import { visibleText } from './visible.ts';

/** Nodes a line each. `wide` adds uid, replica and version. */
export function nodeTable(nodes: readonly Node__Output[], wide: boolean, nowUnixMs: number): string {
  const header = ['NODE', 'STATUS', 'RUNNING', 'AGE', ...(wide ? ['SEEN', 'REPLICA', 'VERSION', 'UID'] : []), 'LABELS'];
  const rows = nodes.map((node) => [
    node.name,
    statusOf(node),
    runningText(node),
    age(node.registeredUnixMs, nowUnixMs),
    ...(wide ? [age(node.lastSeenUnixMs, nowUnixMs), node.replica || '-', node.version, node.uid] : []),
    pairs(node.labels).join(',') || '-',
  ]);
  return tableText(header, rows);
}

/** Everything about one node. */
export function nodeDetails(node: Node__Output): string {
  const rows: [string, string][] = [
    ['Node', node.name],
    ['Uid', node.uid],
    ['Status', statusOf(node)],
    ['Replica', node.replica || '-'],
    ['Version', node.version],
    ['Running', node.runningUnknown ? `known to ${node.replica} only` : String(node.running)],
    ['Registered', isoTime(node.registeredUnixMs) ?? '-'],
    ['Last change', isoTime(node.lastSeenUnixMs) ?? '-'],
  ];
  const lines = rows.map(([name, value]) => `${`${name}:`.padEnd(13)}${visibleText(value)}`);
  for (const [title, entries] of [
    ['Labels', node.labels],
    ['Facts', node.facts],
  ] as const) {
    lines.push(`${title}:`, ...pairs(entries).map((pair) => `  ${visibleText(pair)}`));
  }
  return `${lines.join('\n')}\n`;
}

const runningText = ({ running, runningUnknown }: Node__Output): string => (runningUnknown ? '?' : String(running));

const statusOf = (node: Node__Output): string =>
  `${node.connected ? 'connected' : 'away'}${node.cordoned ? ',cordoned' : ''}`;

const pairs = (entries: Readonly<Record<string, string>>): string[] =>
  Object.entries(entries)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
