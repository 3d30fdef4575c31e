import { type Command, CommanderError } from 'commander';
import { MusterError } from '../shared/errors.ts';
import { processContext } from './context.ts';
import { exitStatus, statusOfError } from './exit-status.ts';
import { createProgram } from './program.ts';
import { visibleText } from './render/visible.ts';

/** Runs one command line in this process and sets its exit status. Errors are one line on stderr. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  // As with most programs, an empty variable is one that is not set.
  if (process.env.MUSTER_SERVER === '') delete process.env.MUSTER_SERVER;
  const context = processContext();
  const program = createProgram(context);
  for (const command of allCommands(program)) {
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end this way too.
      if (error.exitCode === 0) return;
      const text = error.code === 'commander.help' ? '' : `muster: ${error.message.replace(/^error: /, '')}\n`;
      await context.stderr.write(text);
      context.exit(exitStatus.usage);
      return;
    }
    const text = error instanceof Error ? error.message : String(error);
    const unexpected = !(error instanceof MusterError) && statusOfError(error) === exitStatus.someDidNot;
    const detail = unexpected && process.env.MUSTER_DEBUG && error instanceof Error ? `\n${error.stack}` : '';
    await context.stderr.write(`muster: ${visibleText(text)}${detail}\n`).catch(() => {});
    context.exit(statusOf(error));
  }
}

const statusOf = (error: unknown): number =>
  error instanceof Error && 'exitStatus' in error && typeof error.exitStatus === 'number'
    ? error.exitStatus
    : statusOfError(error);

function* allCommands(command: Command): Iterable<Command> {
  yield command;
  for (const child of command.commands) yield* allCommands(child);
}
