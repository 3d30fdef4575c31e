import { Command } from 'commander';
import { runCommand } from './commands/run.ts';
import type { CliContext } from './context.ts';

/** All of the command line, as commander has it; the reference is made of it. */
export function createProgram(context: CliContext): Command {
  const program = new Command('muster')
    .description('Run a command on ten thousand hosts, watch it as if it were one, and lose nothing.')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .helpCommand('help [command]', 'Show help for a command.');
  const commands = [runCommand];
  for (const command of commands) program.addCommand(command(context));
  return program;
}
