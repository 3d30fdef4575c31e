import type { ValidCommand } from '../../shared/order/command.ts';
import type { HostUser } from '../sandbox/run-as.ts';

/** What the launcher sources as `launch`, and, where it becomes another user, what that user's shell reads as `task`. */
export interface LaunchScripts {
  readonly launch: string;
  /** Belongs to the run-as user; undefined = `launch` is all. */
  readonly task: string | undefined;
}

/** Names that mean something to one shell or other: these go past it. */
const shellNames =
  /^(IFS|OPTIND|OPTARG|PPID|UID|EUID|GROUPS|SHELLOPTS|BASHOPTS|BASH.*|LINENO|RANDOM|SECONDS|PWD|OLDPWD|PS[0-4]|_|FUNCNAME|DIRSTACK|POSIXLY_CORRECT)$/;

/**
 * Quotes for a POSIX shell; nothing is ever interpolated. Every byte but NUL passes unchanged.
 */
export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Commands that make the launcher the command. No variables: each could be an entry of the order's environment. What ends
 * before the command has replaced the shell leaves `spawn` behind, without `ok` at its end: a missing program is no exit code.
 */
export function launchScripts(options: {
  readonly folder: string;
  readonly command: ValidCommand;
  readonly workingDirectory: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly stdin: string | undefined;
  readonly user: HostUser | undefined;
}): LaunchScripts {
  const { folder, command, workingDirectory, environment, stdin, user } = options;
  const argv = command.shell ? ['/bin/sh', '-c', command.argv[0] ?? ''] : command.argv;
  const become = ['umask 022', `exec <${quote(stdin ?? '/dev/null')} || exit 125`];
  const cd = `cd ${quote(workingDirectory)} 2>/dev/null || exit 126`;
  const exports = [...environment]
    .filter(([name]) => !shellNames.test(name))
    .map(([name, value]) => `export ${name}=${quote(value)}`);
  const past = [...environment]
    .filter(([name]) => shellNames.test(name))
    .map(([name, value]) => quote(`${name}=${value}`));
  const words = argv.map(quote);
  // dash takes `--` for the program, bash a leading `-` for an option.
  const before = past.length > 0 || argv[0]?.startsWith('-') ? ['env', '--', ...past] : [];
  const run = `exec ${[...before, ...words].join(' ')}`;
  const spawn = quote(`${folder}/spawn`);
  const witness = `trap ${quote(`echo $? >>${spawn}`)} EXIT`;
  if (user === undefined) {
    const find = lookFor(argv[0] ?? '');
    return {
      launch: lines([witness, ...become, cd, 'unset OLDPWD', ...exports, find, run, 'exit 127']),
      task: undefined,
    };
  }
  // As root nothing of the order's environment may be in force: it is set by the user's own shell, which reads `task` through
  // an open file, because the user can't enter the folder. Descriptor 8 is the witness, until the program was found.
  const drop = `setpriv --reuid=${user.uid} --regid=${user.gid} --init-groups --inh-caps=-all`;
  const opened = `exec 8>>${spawn} 9<${quote(`${folder}/task`)} || exit 125`;
  return {
    launch: lines([witness, ...become, opened, 'echo 126 >&8', `exec ${drop} /bin/sh /proc/self/fd/9`, 'exit 126']),
    task: lines([
      'exec 9<&-',
      cd,
      'unset OLDPWD',
      ...exports,
      `( ${findProgram(argv[0] ?? '')} ) || { echo 127 >&8; exit 127; }`,
      'echo ok >&8',
      'exec 8>&-',
      run,
    ]),
  };
}

/**
 * Ends where the program is missing before the shell's own words about that come into the command's output. Forks nothing and
 * needs no variable, which the order's environment may have set.
 */
function lookFor(program: string): string {
  const word = quote(program);
  if (!program.includes('/'))
    return `command -v ${program.startsWith('-') ? '-- ' : ''}${word} >/dev/null 2>&1 || exit 127`;
  return `[ -e ${word} ] || exit 127\n[ -f ${word} ] && [ -x ${word} ] || exit 126`;
}

/** Looks where `exec` will look, as the user it will be. Ends a subshell: its variables stay in there. */
function findProgram(program: string): string {
  const word = quote(program);
  if (program.includes('/')) return `[ -f ${word} ] && [ -x ${word} ]`;
  return `IFS=:; set -f; for d in $PATH; do if [ -f "\${d:-.}/"${word} ] && [ -x "\${d:-.}/"${word} ]; then exit 0; fi; done; exit 1`;
}

const lines = (text: readonly string[]): string => `${text.join('\n')}\n`;
