import { stringify } from 'yaml';
import type { OutputFormat } from '../flags/job-output.ts';

/** A list in the format asked for. */
export function listText(
  format: OutputFormat,
  list: { documents: readonly object[]; names: readonly string[]; table: (wide: boolean) => string },
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(list.documents, null, 2)}\n`;
    case 'jsonl':
      return list.documents.map((document) => `${JSON.stringify(document)}\n`).join('');
    case 'yaml':
      return stringify(list.documents);
    case 'name':
      return list.names.map((name) => `${name}\n`).join('');
    default:
      return list.table(format === 'wide');
  }
}
