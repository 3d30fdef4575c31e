import { type Command, Option } from 'commander';

export const outputFormats = ['table', 'wide', 'json', 'jsonl', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface JobOutputFlags {
  readonly output?: OutputFormat;
  readonly fold: boolean;
  readonly prefix: boolean;
  readonly outdir?: string;
  readonly color: boolean;
  readonly quiet?: boolean;
  readonly exitOfCommand?: boolean;
}

/** `-o`, alone: for lists. */
export const outputOption = (description: string): Option =>
  new Option('-o, --output <format>', description).choices(outputFormats);

/** How a job is shown: on `run`, `watch` and `rerun`. */
export function withJobOutput(command: Command): Command {
  return command
    .addOption(
      outputOption(
        'instead of output as it comes: a table, one document at the end, records as they come (jsonl), or the job id (name)',
      ),
    )
    .option('--fold', 'gather the output and show equal ones once, the rarest first, when the job is over', false)
    .option('--no-fold', 'show output as it comes (the default)')
    .option('--no-prefix', 'pass output on without the name of its node')
    .option('--outdir <dir>', 'write NODE.stdout and NODE.stderr a node and summary.json into this folder instead')
    .option('--no-color', 'no colours (also: NO_COLOR in the environment)')
    .option('-q, --quiet', 'no progress and no summary; failures are still named')
    .option(
      '--exit-of-command',
      "exit with the command's own status, the largest of several; 255 for Muster's own failures",
    );
}
