import type { Command__Output } from '../../proto/gen/muster/v1/Command.ts';
import { invalidField } from '../errors.ts';
import { maxTrustFileBytes, parseTrustFile } from '../signing/trust-file.ts';

/** What to run, checked. Without `shell` it is an argv and no shell ever sees it. */
export interface ValidCommand {
  /** 1 to 4,096 entries, the first one not empty; with `shell` exactly the script. */
  readonly argv: readonly string[];
  readonly shell: boolean;
  readonly env: ReadonlyMap<string, string>;
  /** Absolute; empty = the agent's default. */
  readonly workingDirectory: string;
  /** User name or number; empty = the agent's own user. */
  readonly runAs: string;
  /** What the node must offer. */
  readonly containment: 'any' | 'cgroup' | 'marker';
  /** Instead of a command: what takes the place of the node's trust file. */
  readonly trustFile: string | undefined;
}

const maxArguments = 4096;
/** With the byte that ends each string; no entry can then be longer than Linux takes in one (131,072 with its end). */
const maxArgumentBytes = 128 * 1024;
const maxEntries = 1000;
const maxEntryBytes = 128 * 1024;
const maxPathBytes = 4095;
const entryName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const userName = /^([a-z_][a-z0-9_-]{0,30}[a-z0-9_$-]?|[0-9]{1,10})$/i;
const reservedPrefix = 'MUSTER_';
const containments = {
  CONTAINMENT_UNSPECIFIED: 'any',
  CONTAINMENT_CGROUP: 'cgroup',
  CONTAINMENT_MARKER: 'marker',
} as const;

/** Throws INVALID_FIELD naming the field under `field`. */
export function validCommand(command: Command__Output | null, field: string): ValidCommand {
  if (command === null) throw invalidField(field, 'is required');
  if (command.trustFile !== '') return validTrustFile(command, field);
  const argv = validArgv(command, field);
  return {
    argv,
    shell: command.shell,
    env: validEnv(command.env, `${field}.env`),
    workingDirectory: validDirectory(command.workingDirectory, `${field}.working_directory`),
    runAs: validUser(command.runAs, `${field}.run_as`),
    containment: knownEnum(containments, command.containment, `${field}.containment`),
    trustFile: undefined,
  };
}

function validTrustFile({ trustFile, ...command }: Command__Output, field: string): ValidCommand {
  const at = `${field}.trust_file`;
  const bytes = Buffer.byteLength(trustFile);
  if (bytes > maxTrustFileBytes) throw invalidField(at, `is ${bytes} bytes; at most ${maxTrustFileBytes} are allowed`);
  parseTrustFile(trustFile, 'the file', at);
  const { argv, shell, env, workingDirectory, runAs, containment } = command;
  const alone = argv.length === 0 && !shell && Object.keys(env).length === 0 && workingDirectory === '' && runAs === '';
  if (!alone || containment !== 'CONTAINMENT_UNSPECIFIED') {
    throw invalidField(at, 'stands alone: nothing of a command can be beside it');
  }
  return { argv, shell, env: new Map(), workingDirectory, runAs, containment: 'any', trustFile };
}

function validArgv({ argv, shell }: Command__Output, field: string): readonly string[] {
  if (shell && argv.length !== 1) {
    throw invalidField(`${field}.argv`, `with shell it is exactly one entry, the script, not ${argv.length}`);
  }
  if (argv.length === 0) throw invalidField(`${field}.argv`, 'is required: the program and its arguments');
  if (argv.length > maxArguments) {
    throw invalidField(`${field}.argv`, `has ${argv.length} entries; at most ${maxArguments} are allowed`);
  }
  let bytes = 0;
  for (const [index, text] of argv.entries()) {
    if (text.includes('\0')) throw invalidField(`${field}.argv[${index}]`, 'holds a NUL byte');
    bytes += Buffer.byteLength(text) + 1;
  }
  if (bytes > maxArgumentBytes) {
    throw invalidField(
      `${field}.argv`,
      `is ${bytes} bytes with the end of each entry; at most ${maxArgumentBytes} are allowed`,
    );
  }
  if (argv[0] === '') throw invalidField(`${field}.argv[0]`, shell ? 'the script is empty' : 'the program is empty');
  return argv;
}

function validEnv(env: Readonly<Record<string, string>>, field: string): ReadonlyMap<string, string> {
  const entries = Object.entries(env);
  if (entries.length > maxEntries) {
    throw invalidField(field, `has ${entries.length} entries; at most ${maxEntries} are allowed`);
  }
  let bytes = 0;
  for (const [name, value] of entries) {
    const entryField = `${field}[${JSON.stringify(name.slice(0, 64))}]`;
    if (!entryName.test(name)) {
      throw invalidField(entryField, 'a name is letters, digits and _, and does not begin with a digit');
    }
    if (name.startsWith(reservedPrefix))
      throw invalidField(entryField, `names with ${reservedPrefix} are the agent's own`);
    if (value.includes('\0')) throw invalidField(entryField, 'holds a NUL byte');
    bytes += name.length + Buffer.byteLength(value) + 2;
  }
  if (bytes > maxEntryBytes) {
    throw invalidField(
      field,
      `is ${bytes} bytes with = and the end of each entry; at most ${maxEntryBytes} are allowed`,
    );
  }
  return new Map(entries);
}

function validDirectory(path: string, field: string): string {
  if (path === '') return path;
  if (!path.startsWith('/')) throw invalidField(field, `${JSON.stringify(path.slice(0, 64))} is not absolute`);
  if (path.includes('\0')) throw invalidField(field, 'holds a NUL byte');
  if (Buffer.byteLength(path) > maxPathBytes) throw invalidField(field, `is longer than ${maxPathBytes} bytes`);
  return path;
}

function validUser(user: string, field: string): string {
  if (user === '' || userName.test(user)) return user;
  throw invalidField(field, `${JSON.stringify(user.slice(0, 64))} is neither a user name nor a user number`);
}

/** The domain's word for an enum value; a number nobody here knows is refused, never taken for the default. */
export function knownEnum<Words extends Readonly<Record<string, string>>>(
  words: Words,
  value: string | number,
  field: string,
): Words[keyof Words] {
  if (!Object.hasOwn(words, value)) throw invalidField(field, `${JSON.stringify(value)} is not known here`);
  return words[value as keyof Words];
}
