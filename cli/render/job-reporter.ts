import type { CliContext } from '../context.ts';
import type { JobOutputFlags } from '../flags/job-output.ts';
import { humanReporter } from './human.ts';
import type { Reporter } from './reporter.ts';
import { createStyle, wantsColor } from './style.ts';

export interface JobReporterOptions {
  readonly context: CliContext;
  readonly flags: JobOutputFlags;
  /** Exactly one node was named: its bytes pass as they are. */
  readonly raw: boolean;
  readonly nodes?: readonly string[];
  /** Job id to say at the beginning, on a terminal. */
  readonly announce?: string;
}

/** The reporter that the flags ask for. */
export async function jobReporter(options: JobReporterOptions): Promise<Reporter & { wantsOutput: boolean }> {
  const { context, flags, raw } = options;
  const { stdout, stderr, env } = context;
  const style = createStyle(wantsColor(stderr.isTerminal || stdout.isTerminal, env, flags.color));
  const quiet = flags.quiet === true;
  const output = raw || !flags.prefix ? 'raw' : 'live';
  return { ...humanReporter({ stdout, stderr, style, quiet, output, ...(options.nodes && { nodes: options.nodes }) }), wantsOutput: true };
}
