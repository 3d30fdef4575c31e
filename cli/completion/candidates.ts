import type { Command, Option } from 'commander';

/** What may stand at the last of the words; names of living things are left to whoever can ask. */
export type Candidates =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'jobs' | 'nodes'; readonly words: readonly string[] };

/** Candidates for the last word of a command line (without the program's name), from the commands' own definitions. */
export function candidatesFor(program: Command, words: readonly string[]): Candidates {
  const current = words.at(-1) ?? '';
  let command = program;
  let option: Option | undefined;
  let operands = 0;
  for (const word of words.slice(0, -1)) {
    if (word === '--') return { kind: 'words', words: [] };
    if (option) {
      option = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      option = command.options.find((one) => (one.long === word || one.short === word) && one.required);
      continue;
    }
    const child = operands === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (child) command = child;
    else operands += 1;
  }
  if (option) return valuesOf(option);
  if (current.startsWith('-')) {
    const flags = command.options.filter((one) => !one.hidden).flatMap((one) => (one.long ? [one.long] : []));
    return { kind: 'words', words: [...flags, '--help'] };
  }
  const names =
    operands === 0 ? command.commands.filter((one) => !one.name().startsWith('__')).map((one) => one.name()) : [];
  const argument = command.registeredArguments[operands];
  if (argument?.argChoices) return { kind: 'words', words: argument.argChoices };
  if (argument?.name() === 'job') return { kind: 'jobs', words: names };
  return argument?.name() === 'node' ? { kind: 'nodes', words: names } : { kind: 'words', words: names };
}

function valuesOf(option: Option): Candidates {
  if (option.argChoices) return { kind: 'words', words: option.argChoices };
  return { kind: option.long === '--node' ? 'nodes' : 'words', words: [] };
}
