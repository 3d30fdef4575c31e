import { visibleText } from './visible.ts';

/** Columns padded to their widest entry, two spaces apart; the last one as it is. Control characters are shown. */
export function tableText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = [header, ...rows.map((row) => row.map(visibleText))];
  const widths = header.map((_, column) => Math.max(...shown.map((row) => [...(row[column] ?? '')].length)));
  return shown
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat(widthLeft(cell, widths[column]))))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

const widthLeft = (cell: string, width = 0): number => width - [...cell].length;
