import { Command } from 'commander';
import { cancelCommand } from './commands/cancel.ts';
import { clusterCommand } from './commands/cluster.ts';
import { completeCommand } from './commands/complete.ts';
import { completionCommand } from './commands/completion.ts';
import { agentCommand, replicaCommand } from './commands/foreground.ts';
import { jobsCommand } from './commands/jobs.ts';
import { keyCommand } from './commands/key.ts';
import { logsCommand } from './commands/logs.ts';
import { nodesCommand } from './commands/nodes.ts';
import { rerunCommand } from './commands/rerun.ts';
import { runCommand } from './commands/run.ts';
import { trustCommand } from './commands/trust.ts';
import { upCommand } from './commands/up.ts';
import { versionCommand } from './commands/version.ts';
import { waitCommand } from './commands/wait.ts';
import { watchCommand } from './commands/watch.ts';
import type { CliContext } from './context.ts';
import { cliVersion } from './program-path.ts';

const commands = [
  ...[upCommand, runCommand, watchCommand, logsCommand, cancelCommand, waitCommand, rerunCommand],
  ...[
    jobsCommand,
    nodesCommand,
    clusterCommand,
    keyCommand,
    trustCommand,
    replicaCommand,
    agentCommand,
    completionCommand,
    versionCommand,
  ],
];

/** All of the command line, as commander has it; the reference is made of it. */
export function createProgram(context: CliContext): Command {
  const program = new Command('muster')
    .description('Run a command on ten thousand hosts, watch it as if it were one, and lose nothing.')
    .version(cliVersion(), '--version', 'show the version of this program')
    .enablePositionalOptions()
    .helpCommand('help [command]', 'show help for a command');
  for (const command of commands) program.addCommand(command(context));
  program.addCommand(completeCommand(context), { hidden: true });
  return program;
}
