import type { TrialOutcome } from './run-trial.ts';

const header = ['case', 'seed', 'faults', 'executions', 'bytes', 'seconds', 'verdict'];

/** Of a whole run. */
export interface RunCost {
  readonly tookMs: number;
  /** Of this process and of all that it waited for. */
  readonly cpuMs: number;
}

/** One line a trial, then how often each window was hit, figures, and what failed, with the command that replays it. */
export function renderOutcomes(outcomes: readonly TrialOutcome[], full: boolean, cost?: RunCost): string {
  const rows = outcomes.map(({ case: name, seed, faults, executions, bytes, tookMs, problems, skipped }) => [
    ...[name, `${seed}`, `${faults}`, `${executions}`, `${bytes}`, (tookMs / 1000).toFixed(1)],
    verdictOf(problems, skipped),
  ]);
  const windows = new Map<string, number>();
  for (const outcome of outcomes)
    for (const [name, count] of outcome.windows) windows.set(name, (windows.get(name) ?? 0) + count);
  const lines = [...table([header, ...rows]), ...totalOf(cost), '', 'windows hit'];
  for (const [name, count] of [...windows].sort(([left], [right]) => (left < right ? -1 : 1)))
    lines.push(`  ${name}: ${count}`);
  if (windows.size === 0) lines.push('  none');
  for (const { case: name, seed, figures } of outcomes) {
    if (figures.length > 0) lines.push('', `${name} (seed ${seed})`);
    for (const figure of figures) lines.push(`  ${figure.name}: ${figure.value} ${figure.unit}`.trimEnd());
  }
  for (const outcome of outcomes) lines.push(...failure(outcome, full));
  return `${lines.join('\n')}\n`;
}

const verdictOf = (problems: readonly string[], skipped: string | undefined): string => {
  if (problems.length > 0) return 'FAILED';
  return skipped === undefined ? 'ok' : `skipped: ${skipped}`;
};

const totalOf = (cost: RunCost | undefined): string[] =>
  cost ? ['', `total: ${(cost.tookMs / 1000).toFixed(1)} s, ${(cost.cpuMs / 1000).toFixed(1)} s of CPU`] : [];

function failure({ case: name, seed, problems, historyPath, soakMs }: TrialOutcome, full: boolean): string[] {
  if (problems.length === 0) return [];
  const size = soakMs > 0 ? ` --soak ${Math.ceil(soakMs / 1000)}s` : full ? ' --full --seeds 1' : '';
  const replay = `npm run faults -- --case ${name} --seed ${seed}${size}`;
  return [
    '',
    `${name} FAILED with seed ${seed}`,
    ...problems.map((problem) => `  ${problem}`),
    `  history: ${historyPath}`,
    `  replay: ${replay}`,
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
