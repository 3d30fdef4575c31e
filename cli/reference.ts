// Writes docs/cli.md from the commands' own definitions: `node cli/reference.ts`. A test finds drift.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Argument, Command, Option } from 'commander';
import type { CliContext } from './context.ts';
import { createProgram } from './program.ts';
import type { Sink } from './render/sink.ts';

const head = `# The command line

\`muster COMMAND --help\` shows the same. Commands that talk to a replica take \`--server\` (or \`MUSTER_SERVER\`): one address, or
several with commas, of which whichever answers is used. Durations are written \`3000ms\`, \`5s\`, \`2m\` or \`1h\`, sizes \`64KiB\` or
\`2GiB\`, amounts of nodes \`3\` or \`10%\`.

This file is made by \`node cli/reference.ts\` from \`cli/commands/\`.
`;

const after = `## What is shown

Output appears as it comes, a whole line at a time, with the name of its node before it: \`web-1: text\` in a pipe or file, as \`clush\`
and \`pdsh\` have it; on a terminal \`web-1 | text\`, and \`web-1 ! text\` in red for stderr. What a command writes to its stdout goes to
our stdout, its stderr to our stderr. A line that does not end before its stream does is shown at the end; one longer than 64 KiB
is broken. With exactly one \`--node\`, and with \`--no-prefix\`, bytes pass as they are, without prefix.

\`--fold\` waits until the job is over and shows equal outputs once, under the nodes that wrote them (\`web-[1-3] (3)\`), the rarest
first. What did not succeed is folded the same way, always. In a pipe or file every byte is passed on unchanged; on a terminal
control characters are shown (\`^[\`, \`\\x9b\`) and not obeyed, bytes that are no UTF-8 as \`\\xff\`. Missing output is marked in its place,
with its byte range and the reason; with one \`--node\` and no terminal the mark goes to stderr, so that stdout has the command's bytes only.

Progress, failures and the summary go to stderr; progress only on a terminal. Colours appear only on a terminal, and not with
\`--no-color\` or \`NO_COLOR\`. The records of \`-o jsonl\` are described in [jsonl.md](jsonl.md).

## Nodes that are away

An order waits for nodes that have no session now, for as long as \`--deliver-within\` says: its place is kept by the control plane, whether anybody
follows the job or not, and the command starts when the node is back. What was not delivered by then ends \`EXPIRED\`. \`run\` says at its beginning
which nodes it waits for and until when; Ctrl-C lets go of the job, \`muster cancel JOB\` takes the order back.

\`--no-queue\` leaves such nodes out of the order. They are named, and as they were asked for, the status is not 0. A node that goes away
after the order was made is waited for all the same.

A node that comes back should find one current command and not forty stale ones: \`--latest KEY\` lets a newer job take the place of an older
one with the same key wherever that was not offered yet (\`SKIPPED\`, superseded). \`--lane NAME\` makes commands of one lane wait for each
other on their node, so that a stuck one holds up its lane only.

## Ctrl-C

A job never ends because its client does. Ctrl-C while a job is followed asks for a second one: without it the client lets go
after 3 s and says how to come back (\`muster watch JOB\`); with it the job is cancelled and the receipts are waited for. A third one
leaves at once. TERM, HUP and a closed pipe let go at once. The control plane may restart meanwhile: the client takes the watch up where
it was cut, on any of its servers, for \`--retry-for\`.

## Exit status

| status | when |
| --- | --- |
| 0 | every execution succeeded |
| 1 | some did not succeed, in no way that has a status of its own; \`--no-queue\` left nodes out; \`cluster\` sees trouble; any other failure |
| 2 | the command line, or what it asked for, is wrong; nothing was done |
| 3 | no node matched, or a named node is not known |
| 4 | denied |
| 5 | the control plane can't be reached or can't serve; or no node was reached in time, so nothing ran |
| 6 | undetermined: of some executions no end is known |
| 124 | those that did not succeed timed out; or \`wait --timeout\` was over |
| 128 + n | the client let go of a job that runs on, because of signal n (130 for Ctrl-C) |

With exactly one \`--node\`, and with \`--exit-of-command\`, \`run\` exits with the command's own status (the largest of several; 128 + n
where signal n ended it; 124 where its timeout did), and Muster's own failures are 255 with the reason on stderr. A wrong command line is 2
all the same.
`;

/** The reference as Markdown: a section a command, in the order of \`--help\`. */
export function commandReference(): string {
  const program = createProgram(nowhere);
  return `${head}\n${sections(program, 'muster').join('\n')}\n${after}`;
}

function sections(parent: Command, path: string): string[] {
  return parent.commands.flatMap((command) => {
    if (command.name().startsWith('__')) return [];
    const name = `${path} ${command.name()}`;
    return [section(command, name), ...sections(command, name)];
  });
}

function section(command: Command, name: string): string {
  const words = command.registeredArguments.map(argumentText);
  const flags = command.options.length > 0 ? ['[flags]'] : [];
  const usage = [name, ...flags, ...words].join(' ');
  const parts = [`## ${name}`, command.description(), `\`\`\`\n${usage}\n\`\`\``];
  const rows = command.options.filter(({ hidden }) => !hidden).map(optionRow);
  if (rows.length > 0) parts.push(['| flag | what for |', '| --- | --- |', ...rows].join('\n'));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const argumentText = (argument: Argument): string => {
  const name = argument.argChoices?.join('|') ?? `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

function optionRow(option: Option): string {
  const more = [
    option.argChoices ? `One of ${option.argChoices.join(', ')}.` : '',
    option.defaultValueDescription ? `Default: ${option.defaultValueDescription}.` : plainDefault(option.defaultValue),
    option.envVar ? `Environment: ${option.envVar}.` : '',
  ];
  const text = [`${option.description.replace(/^./, (first) => first.toUpperCase())}.`, ...more]
    .filter((part) => part)
    .join(' ');
  return `| \`${escaped(option.flags)}\` | ${escaped(text)} |`;
}

const plainDefault = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? `Default: ${value}.` : '';

const escaped = (text: string): string => text.replaceAll('|', '\\|');

const silent: Sink = { isTerminal: false, columns: 80, blocked: false, write: async () => {} };
const nowhere: CliContext = { env: {}, stdin: process.stdin, stdout: silent, stderr: silent, exit: () => {} };

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '../docs/cli.md'), commandReference());
}
