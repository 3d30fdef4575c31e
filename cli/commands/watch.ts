import { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { type JobOutputFlags, withJobOutput } from '../flags/job-output.ts';
import { beliefFlags, type SigningFlags, withSigning } from '../flags/signing.ts';
import { jobId } from '../flags/values.ts';
import { beliefOf } from '../job/believed.ts';
import { presentJob } from '../job/present-job.ts';
import { jobReporter } from '../render/job-reporter.ts';

/** `muster watch`: a job from its first byte on, until it closes. */
export function watchCommand(context: CliContext): Command {
  const command = new Command('watch')
    .description('Follow a job from its first byte on, and exit with how it went.')
    .argument('<job>', 'job id', jobId);
  withSigning(withConnection(withJobOutput(command)));
  return command.action((job: string, flags: JobOutputFlags & ConnectionFlags & SigningFlags) =>
    withClient(flags, async (client) => {
      const belief = await beliefOf(client, job, beliefFlags(flags));
      const reporter = await jobReporter({ context, flags, raw: false });
      const exitOfCommand = flags.exitOfCommand === true;
      context.exit(
        await presentJob({ context, client, jobId: job, belief, reporter, retryForMs: flags.retryFor, exitOfCommand }),
      );
    }),
  );
}
