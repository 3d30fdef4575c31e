import { invalidField } from '../../shared/errors.ts';
import type { ValidOrder } from '../../shared/order.ts';
import { readOwnedLines } from './owned-file.ts';

/** What orders may do on this host at most, whoever signed them. What is not named is not allowed. */
export interface LocalPolicy {
  /** Words of a command; a last `*` stands for any further ones, alone for any command. */
  readonly commands: readonly (readonly string[])[];
  readonly shell: boolean;
  readonly stdin: boolean;
  /** Users that an order may name. */
  readonly runAs: ReadonlySet<string>;
  readonly env: ReadonlySet<string>;
  readonly directories: ReadonlySet<string>;
}

const switches: Readonly<Record<string, boolean>> = { yes: true, no: false };
const lines = 'command WORD… [*], shell yes|no, stdin yes|no, run-as USER…, env NAME…, directory PATH…';

/** Reads a policy file, a rule a line. Throws INVALID_FIELD naming the flag, the file and the line. */
export function readLocalPolicy(path: string, flag: string): LocalPolicy {
  const commands: string[][] = [];
  const lists = { 'run-as': new Set<string>(), env: new Set<string>(), directory: new Set<string>() };
  const allowed = { shell: false, stdin: false };
  for (const { words, rest, place } of readOwnedLines(path, flag)) {
    const [what = '', ...values] = words;
    if (values.length === 0) throw invalidField(flag, `${place}: ${what} says nothing; a line is one of: ${lines}`);
    if (what === 'command') commands.push(commandWords(rest, values, `${flag}: ${place}`));
    else if (what === 'shell' || what === 'stdin') {
      const value = switches[rest];
      if (value === undefined) throw invalidField(flag, `${place}: ${what} is yes or no, not ${JSON.stringify(rest)}`);
      allowed[what] = value;
    } else if (Object.hasOwn(lists, what)) for (const value of values) lists[what as keyof typeof lists].add(value);
    else throw invalidField(flag, `${place}: ${JSON.stringify(what)} is unknown; a line is one of: ${lines}`);
  }
  return { commands, ...allowed, runAs: lists['run-as'], env: lists.env, directories: lists.directory };
}

/** Words as they stand, or, where they hold spaces, as a JSON list. */
function commandWords(rest: string, words: string[], place: string): string[] {
  if (!rest.startsWith('[')) return words;
  try {
    const list: unknown = JSON.parse(rest);
    if (Array.isArray(list) && list.length > 0 && list.every((word) => typeof word === 'string'))
      return list as string[];
  } catch {
    // Said below.
  }
  throw invalidField(place, 'a command that begins with [ is a JSON list of words');
}

/** What of the order the policy does not allow, naming the field; undefined = nothing. */
export function policyFault(policy: LocalPolicy, { command, stdin }: ValidOrder): string | undefined {
  const { argv, shell, env, runAs, workingDirectory } = command;
  if (shell && !policy.shell) return 'order.command.shell: this host allows no scripts';
  if (!shell && !policy.commands.some((rule) => allows(rule, argv))) {
    return `order.command.argv: this host does not allow ${JSON.stringify(argv.slice(0, 8).join(' ').slice(0, 120))}`;
  }
  if (stdin !== undefined && !policy.stdin) return 'order.stdin_digest: this host allows no standard input';
  if (runAs !== '' && !policy.runAs.has(runAs)) return `order.command.run_as: this host does not allow ${runAs}`;
  const variable = [...env.keys()].find((name) => !policy.env.has(name));
  if (variable !== undefined) return `order.command.env: this host does not allow ${variable}`;
  if (workingDirectory !== '' && !policy.directories.has(workingDirectory)) {
    return `order.command.working_directory: this host does not allow ${JSON.stringify(workingDirectory.slice(0, 120))}`;
  }
  return undefined;
}

function allows(rule: readonly string[], argv: readonly string[]): boolean {
  const open = rule.at(-1) === '*';
  const words = open ? rule.slice(0, -1) : rule;
  return (
    (open ? argv.length >= words.length : argv.length === words.length) && words.every((word, n) => word === argv[n])
  );
}
