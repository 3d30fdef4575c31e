import type { OutputFormat } from '../flags/job-output.ts';
import { yamlText } from './yaml-text.ts';

/** A list in the format asked for. */
export async function listText(
  format: OutputFormat,
  list: { documents: readonly object[]; names: readonly string[]; table: (wide: boolean) => string },
): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(list.documents, null, 2)}\n`;
    case 'jsonl':
      return list.documents.map((document) => `${JSON.stringify(document)}\n`).join('');
    case 'yaml':
      return yamlText(list.documents);
    case 'name':
      return list.names.map((name) => `${name}\n`).join('');
    default:
      return list.table(format === 'wide');
  }
}
