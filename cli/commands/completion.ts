import { Argument, Command } from 'commander';
import { completionScript } from '../completion/completion-script.ts';
import type { CliContext } from '../context.ts';

/** `muster completion`: the script that a shell sources. */
export const completionCommand = (context: CliContext): Command =>
  new Command('completion')
    .description('Print the completion script of a shell: source <(muster completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      await context.stdout.write(completionScript(shell));
    });
