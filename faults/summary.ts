import type { HistoryEvent } from './history/event.ts';

export interface TrialSummary {
  readonly faults: number;
  /** How often each kind of fault fell into each window. */
  readonly windows: ReadonlyMap<string, number>;
  readonly executions: number;
  /** Of output, that followers received. */
  readonly bytes: number;
  readonly figures: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
}

/** What a history comes to, for the table. */
export function summarize(history: readonly HistoryEvent[]): TrialSummary {
  const windows = new Map<string, number>();
  const figures: { name: string; value: number; unit: string }[] = [];
  let [faults, executions, bytes] = [0, 0, 0];
  for (const event of history) {
    if (event.type === 'submit') executions += event.expect.targets.length;
    if (event.type === 'output') bytes += event.bytes;
    if (event.type === 'figure') figures.push(event);
    if (event.type !== 'fault') continue;
    faults += 1;
    const name = event.window === '' ? event.kind : `${event.kind}@${event.window}`;
    windows.set(name, (windows.get(name) ?? 0) + 1);
  }
  return { faults, windows, executions, bytes, figures };
}
