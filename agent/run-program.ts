import { MusterError } from '../shared/errors.ts';

export interface Program<Settings> {
  readonly table: { readonly program: string; wantsHelp(argv: readonly string[]): boolean; help(): string };
  parse(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Settings;
  /** Runs until `stop`, the signal's name, resolves and everything is let go. */
  run(settings: Settings, stop: Promise<NodeJS.Signals>): Promise<void>;
}

/** Reads the settings and runs. Exit status: 0 after SIGTERM or SIGINT (the second one ends at once), 1 could not start, 2 usage. */
export async function runProgram<Settings>({ table, parse, run }: Program<Settings>): Promise<void> {
  const argv = process.argv.slice(2);
  if (table.wantsHelp(argv)) {
    process.stdout.write(table.help());
    return;
  }
  let failed = 2;
  // Between two dials nothing else may hold the process.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    const settings = parse(argv, process.env);
    failed = 1;
    await run(settings, firstSignal());
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    process.stderr.write(`${table.program}: ${error.message}\n`);
    process.exitCode = failed;
  } finally {
    clearInterval(alive);
  }
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals = ['SIGTERM', 'SIGINT'] as const;
    const stop = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.removeListener(each, stop);
      resolve(signal);
    };
    for (const signal of signals) process.on(signal, stop);
  });
}
