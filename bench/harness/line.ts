import { pairedRatios, type Spread, spread } from './stats.ts';

/** One line of the table, as a row measured it. */
export interface MeasuredLine {
  readonly what: string;
  /** Of both figures: `ms`, `MB/s`, … */
  readonly unit: string;
  /** One figure a repetition, in the order of `muster`; absent where the platform has no counterpart. */
  readonly raw?: readonly number[];
  readonly muster: readonly number[];
  /** Absent where none is set: the line explains another one. */
  readonly budget?: Budget;
  /** What the raw figure is, what is simulated, what else must be known. */
  readonly note?: string;
}

export interface Summary {
  readonly raw: Spread | undefined;
  readonly muster: Spread;
  /** Of the ratios of the pairs. */
  readonly ratio: Spread | undefined;
}

export interface Budget {
  readonly text: string;
  met(summary: Summary): boolean;
}

export function summarize({ raw, muster }: Pick<MeasuredLine, 'raw' | 'muster'>): Summary {
  return { raw: raw && spread(raw), muster: spread(muster), ratio: raw && spread(pairedRatios(muster, raw)) };
}

/** The median of the ratios is at most `limit`; for figures that should be small. */
export const atMostTimesRaw = (limit: number): Budget => ({
  text: `≤ ${limit} × raw`,
  met: ({ ratio }) => ratio !== undefined && ratio.median <= limit,
});

/** The median of the ratios is at least `limit`; for figures that should be large. */
export const atLeastTimesRaw = (limit: number): Budget => ({
  text: `≥ ${limit} × raw`,
  met: ({ ratio }) => ratio !== undefined && ratio.median >= limit,
});

export const atMostRawPlus = (more: number, unit: string): Budget => ({
  text: `≤ raw + ${more} ${unit}`,
  met: ({ raw, muster }) => raw !== undefined && muster.median <= raw.median + more,
});

export const atMost = (limit: number, unit: string): Budget => ({
  text: `≤ ${limit} ${unit}`,
  met: ({ muster }) => muster.median <= limit,
});
