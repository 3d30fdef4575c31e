import { execa } from 'execa';

/** What the host's `sh` does in the places where shells differ. */
export interface ShellTraits {
  /** Path or name of the shell. */
  readonly shell: string;
  /** Signals after which it writes a note: without one, 128 + n was an exit code. */
  readonly noted: ReadonlySet<number>;
  /** Words before a background command that give it INT and QUIT back; empty where the host has none. */
  readonly prefix: string;
}

/** Signals that end a process by default; realtime ones are taken for the last of them. */
const deadly = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31, 34, 64];
const restore = 'env --default-signal=INT,QUIT';

/** Tries the host's shell once. Rejects where there is none that works. */
export async function probeShell(shell: string): Promise<ShellTraits> {
  const options = { stdin: 'ignore', stderr: 'ignore', timeout: 20_000, env: { LC_ALL: 'C' } } as const;
  const prefixed = await execa(shell, ['-c', `${restore} true`], { ...options, reject: false });
  const prefix = prefixed.exitCode === 0 ? restore : '';
  const script = `ulimit -c 0; for n in ${deadly.join(' ')}; do
    note=$({ { ${prefix} "$0" -c "kill -$n \\$\\$" & } 2>/dev/null; wait $!; } 2>&1)
    [ -z "$note" ] || echo $n
  done`;
  const { stdout } = await execa(shell, ['-c', script, shell], options);
  return { shell, noted: new Set(stdout.split('\n').filter(Boolean).map(Number)), prefix };
}
