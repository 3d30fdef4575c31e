import { type MeasuredLine, type Summary, summarize } from './line.ts';
import type { Spread } from './stats.ts';

const header = ['what', 'raw: median (spread)', 'Muster: median (spread)', 'ratio', 'budget', 'met?'];

/** The lines as a Markdown table, columns aligned, notes numbered below it. */
export function renderTable(lines: readonly MeasuredLine[]): string {
  const notes = [...new Set(lines.flatMap(({ note }) => note ?? []))];
  const rows = [header, ...lines.map((line) => cells(line, notes))];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const text = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  text.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return [...text, '', ...notes.map((note, at) => `${at + 1}. ${note}`), ''].join('\n');
}

function cells(line: MeasuredLine, notes: readonly string[]): string[] {
  const summary = summarize(line);
  const mark = line.note === undefined ? '' : ` [${notes.indexOf(line.note) + 1}]`;
  return [
    `${line.what}, ${line.unit}${mark}`,
    summary.raw ? spreadText(summary.raw) : '–',
    spreadText(summary.muster),
    summary.ratio ? figure(summary.ratio.median) : '–',
    line.budget?.text ?? '–',
    verdict(line, summary),
  ];
}

export function verdict({ budget }: MeasuredLine, summary: Summary): string {
  if (budget === undefined) return '–';
  return budget.met(summary) ? 'yes' : '**no**';
}

const spreadText = ({ median, min, max }: Spread): string => `${figure(median)} (${figure(min)}..${figure(max)})`;

/** Three digits that count: 0.0123, 1.23, 12.3, 123, 12,300. */
export function figure(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return rounded.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
