import { Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { beliefFlags, type SigningFlags, withSigning } from '../flags/signing.ts';
import { duration, jobId } from '../flags/values.ts';
import { beliefOf } from '../job/believed.ts';
import { presentJob } from '../job/present-job.ts';
import { jobReporter } from '../render/job-reporter.ts';

type WaitFlags = ConnectionFlags &
  SigningFlags & { timeout?: number; quiet?: boolean; exitOfCommand?: boolean; color: boolean };

/** `muster wait`: until a job is over, without its output. */
export function waitCommand(context: CliContext): Command {
  const command = new Command('wait')
    .description('Wait until a job is over, without its output, and exit with how it went.')
    .argument('<job>', 'job id', jobId)
    .addOption(
      new Option('--timeout <duration>', 'wait no longer than this; the job runs on, and 124 says so').argParser(
        duration,
      ),
    )
    .option('--no-color', 'no colours (also: NO_COLOR in the environment)')
    .option('-q, --quiet', 'no progress and no summary; failures are still named')
    .option('--exit-of-command', "exit with the command's own status, the largest of several");
  withSigning(withConnection(command));
  return command.action((job: string, flags: WaitFlags) =>
    withClient(flags, async (client) => {
      const shown = { ...flags, fold: false, prefix: true };
      const belief = await beliefOf(client, job, beliefFlags(flags));
      const reporter = await jobReporter({ context, flags: shown, raw: false, statesOnly: true });
      const status = await presentJob({
        context,
        client,
        jobId: job,
        belief,
        reporter,
        retryForMs: flags.retryFor,
        exitOfCommand: flags.exitOfCommand === true,
        ...(flags.timeout !== undefined && { waitMs: flags.timeout }),
      });
      context.exit(status);
    }),
  );
}
