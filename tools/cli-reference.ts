// Writes docs/cli.md from the commands as commander has them. Run by `npm run gen`; `npm run check` finds drift.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Argument, Command, Option } from 'commander';
import { processContext } from '../cli/context.ts';
import { createProgram } from '../cli/program.ts';

const head = `# Command line

Every command and flag of \`muster\`, made by \`npm run gen\` from the program itself. What the exit statuses mean is in
[protocol.md](protocol.md#exit-statuses-of-muster).
`;

/** The reference as Markdown: a section a command, a line a flag. */
export function cliReference(program: Command): string {
  const sections = visible(program).map((command) => section(command, program.name()));
  return [head, ...sections].join('\n');
}

function section(command: Command, parent: string): string {
  const name = `${parent} ${command.name()}`;
  const usage = `    ${name} ${command.usage()}`.trimEnd();
  const help = command.createHelp();
  const parts = [`## ${name}`, sentence(command.description()), usage];
  const list = [
    ...help.visibleArguments(command).map(argumentLine),
    ...help
      .visibleOptions(command)
      .filter((option) => option.long !== '--help')
      .map(optionLine),
  ];
  if (list.length > 0) parts.push(list.join('\n'));
  const own = parts.join('\n\n');
  return [`${own}\n`, ...visible(command).map((inner) => section(inner, name))].join('\n');
}

const visible = (command: Command): Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((inner) => inner.name() !== 'help');

const argumentLine = (argument: Argument): string => `- \`${argument.name()}\`: ${argument.description}`;

function optionLine(option: Option): string {
  const isSwitch = !option.required && !option.optional;
  const fallback: unknown = option.defaultValueDescription ?? option.defaultValue;
  const more = [
    ...(option.argChoices ? [`one of ${option.argChoices.join(', ')}`] : []),
    ...(fallback !== undefined && !isSwitch ? [`default ${String(fallback)}`] : []),
    ...(option.envVar ? [`\`${option.envVar}\` in the environment`] : []),
  ];
  return `- \`${option.flags}\`: ${[option.description, ...more].join('; ')}`;
}

const sentence = (text: string): string => {
  const capital = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
};

/** The reference of the program as it is now. */
export const currentCliReference = (): string => cliReference(createProgram({ ...processContext(), env: {} }));

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/cli.md'), currentCliReference());
