// Writes docs/settings.md from the programs' tables of settings. Run by `npm run gen`; `npm run check` finds drift.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting } from '../shared/settings.ts';

interface Program {
  readonly program: string;
  readonly rows: readonly Setting[];
}

/** The reference as Markdown: a section a program, a table row a setting. */
export function settingsReference(programs: readonly Program[]): string {
  const parts = programs.map(({ program, rows }) => {
    const table = ['| flag | environment | default | what for |', '| --- | --- | --- | --- |', ...rows.map(tableRow)];
    return `## ${program}\n\n${table.join('\n')}\n`;
  });
  return `${head}\n${parts.join('\n')}`;
}

const head = `# Settings

Every setting has a flag and an environment variable; the flag wins, then the variable, then the default. An unknown flag or a
value of the wrong shape stops the program with a message that names it. Durations are written \`3000ms\`, \`5s\`, \`2m\`, \`1h\` or
\`7d\`, sizes \`512B\`, \`64KiB\`, \`16MiB\` or \`2GiB\`; lists and \`key=value\` pairs take commas, or the flag several times.

This file is made by \`npm run gen\` from \`server/settings.ts\` and \`agent/settings.ts\`.
`;

function tableRow(row: Setting): string {
  const value = row.type.placeholder === '' ? '' : ` <${row.type.placeholder}>`;
  const fallback = row.required ? 'required' : row.default ? `\`${row.default}\`` : '';
  const bounds = row.type.bounds ? ` ${row.type.bounds.replace(/^a/, 'A')}.` : '';
  const cells = [`\`--${row.flag}${value}\``, `\`${row.env}\``, fallback, row.doc + bounds];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** The reference of the programs as they are now. */
export async function currentSettingsReference(): Promise<string> {
  const { replicaSettings } = await import('../server/settings.ts');
  const { agentSettings } = await import('../agent/settings.ts');
  return settingsReference([replicaSettings, agentSettings]);
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '../docs/settings.md'), await currentSettingsReference());
}
