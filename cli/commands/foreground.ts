import { constants } from 'node:os';
import { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { programPath } from '../program-path.ts';

/** `muster replica`: a replica in the foreground, all flags passed on. */
export const replicaCommand = (context: CliContext): Command =>
  foreground(context, 'replica', 'Run a replica in the foreground; --help shows its flags.');

/** `muster agent`: an agent in the foreground, all flags passed on. */
export const agentCommand = (context: CliContext): Command =>
  foreground(context, 'agent', 'Run an agent in the foreground; --help shows its flags.');

function foreground(context: CliContext, program: 'replica' | 'agent', description: string): Command {
  return new Command(program)
    .description(description)
    .argument('[flags...]', `flags of the ${program}`)
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (flags: string[]) => {
      // Loaded only here: it takes longer than all the rest of a start.
      const { execa } = await import('execa');
      const child = execa(process.execPath, [programPath[program], ...flags], { stdio: 'inherit', reject: false });
      // A terminal sends Ctrl-C to both; what comes to us alone is passed on. The child decides when it is over.
      const forward = (signal: NodeJS.Signals): void => {
        if (signal !== 'SIGINT' || process.stdin.isTTY !== true) child.kill(signal);
      };
      process.on('SIGTERM', forward).on('SIGINT', forward).on('SIGHUP', forward);
      const { exitCode, signal } = await child;
      context.exit(exitCode ?? 128 + (signal ? constants.signals[signal] : 0));
    });
}
