/** Median and extremes of repetitions. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws RangeError where there are no values. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The middle value, or the mean of the two in the middle. Throws RangeError where there are no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no values');
  return (lower + upper) / 2;
}

/**
 * Muster's figure over the raw one, repetition by repetition: what slows the machine slows both of a pair. Throws RangeError
 * where the repetitions are not pairs.
 */
export function pairedRatios(muster: readonly number[], raw: readonly number[]): number[] {
  if (muster.length !== raw.length) throw new RangeError(`${muster.length} figures beside ${raw.length} raw ones`);
  return muster.map((figure, at) => figure / (raw[at] as number));
}
