import type { TrialOutcome } from './run-trial.ts';

const header = ['case', 'seed', 'faults', 'executions', 'bytes', 'seconds', 'verdict'];

/** One line a trial, then how often each window was hit, figures, and what failed, with the command that replays it. */
export function renderOutcomes(outcomes: readonly TrialOutcome[], full: boolean): string {
  const rows = outcomes.map(({ case: name, seed, faults, executions, bytes, tookMs, problems }) => [
    ...[name, `${seed}`, `${faults}`, `${executions}`, `${bytes}`, (tookMs / 1000).toFixed(1)],
    problems.length === 0 ? 'ok' : 'FAILED',
  ]);
  const windows = new Map<string, number>();
  for (const outcome of outcomes)
    for (const [name, count] of outcome.windows) windows.set(name, (windows.get(name) ?? 0) + count);
  const lines = [...table([header, ...rows]), '', 'windows hit'];
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
