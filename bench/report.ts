import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { type MeasuredLine, summarize } from './harness/line.ts';
import { renderTable, verdict } from './harness/table.ts';
import type { BenchOptions } from './options.ts';

export interface MeasuredRow {
  readonly row: string;
  readonly lines: readonly MeasuredLine[];
}

export interface Report {
  readonly date: string;
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly memoryGiB: number;
    readonly kernel: string;
  };
  readonly node: string;
  readonly settings: { readonly full: boolean; readonly nodes: number; readonly repetitions: number };
  readonly rows: readonly MeasuredRow[];
}

export function makeReport(rows: readonly MeasuredRow[], { full, nodes, repetitions }: BenchOptions): Report {
  const [first] = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return {
    date: new Date().toISOString(),
    machine: { cpus: cpus().length, model: first?.model ?? 'unknown', memoryGiB, kernel: release() },
    node: process.version,
    settings: { full, nodes, repetitions },
    rows,
  };
}

/** What was measured, where, and the table. */
export function renderReport({ date, machine, node, settings, rows }: Report): string {
  const where = `${machine.cpus} × ${machine.model}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${node.slice(1)}`;
  const set = settings.full ? 'full set' : 'short set';
  return [
    `Measured ${date.slice(0, 10)} on ${where}; ${set}, ${settings.repetitions} repetitions, plain against plain (no TLS).`,
    '',
    renderTable(rows.flatMap(({ lines }) => lines)),
  ].join('\n');
}

/** Figures of every repetition, with their summaries. */
export function writeJson(path: string, report: Report): void {
  const rows = report.rows.map(({ row, lines }) => ({ row, lines: lines.map(jsonLine) }));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ ...report, rows }, null, 2)}\n`);
}

function jsonLine(line: MeasuredLine): object {
  const summary = summarize(line);
  const { budget, ...rest } = line;
  return { ...rest, ...(budget && { budget: budget.text, met: verdict(line, summary) === 'yes' }), summary };
}

export const jsonPath = ({ date }: Report): string =>
  join(import.meta.dirname, 'out', `bench-${date.slice(0, 19).replaceAll(':', '')}.json`);

const begin = '<!-- measured: written by `npm run bench -- --write-docs`, not by hand -->';
const end = '<!-- end of measured -->';

/** `text` with what stands between the marks replaced. Throws where the marks are missing. */
export function replaceMeasured(text: string, table: string): string {
  const [from, until] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || until < from) throw new Error(`docs/performance.md lacks the marks ${begin} and ${end}`);
  return `${text.slice(0, from)}${begin}\n\n${table}\n${text.slice(until)}`;
}

export function writeDocs(report: Report): void {
  const path = join(import.meta.dirname, '../docs/performance.md');
  writeFileSync(path, replaceMeasured(readFileSync(path, 'utf8'), renderReport(report)));
}
