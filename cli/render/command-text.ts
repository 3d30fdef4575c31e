import type { Command__Output } from '../../proto/gen/muster/v1/Command.ts';

/** A command as one would type it. */
export function commandText(command: Command__Output | null | undefined): string {
  if (!command) return '-';
  if (command.trustFile !== '') return '(a new trust file)';
  const words = command.argv.map(quoted);
  return command.shell ? `sh -c ${words[0] ?? ''}` : words.join(' ');
}

const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
