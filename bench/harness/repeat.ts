import type { Bench } from './row.ts';

/** One repetition: the raw figures and Muster's, measured one right after the other. */
export interface Pair<Figures> {
  readonly raw: Figures;
  readonly muster: Figures;
}

/**
 * Measures raw and Muster in turn, `repetitions` times after one that is thrown away; each second pair the other way around, so
 * that a machine that drifts favours neither.
 */
export async function repeatPairs<Figures>(
  bench: Bench,
  measure: { raw(repetition: number): Promise<Figures>; muster(repetition: number): Promise<Figures> },
): Promise<Pair<Figures>[]> {
  const pairs: Pair<Figures>[] = [];
  for (let repetition = 0; repetition <= bench.repetitions; repetition += 1) {
    let pair: Pair<Figures>;
    if (repetition % 2 === 0) {
      const raw = await measure.raw(repetition);
      pair = { raw, muster: await measure.muster(repetition) };
    } else {
      const muster = await measure.muster(repetition);
      pair = { raw: await measure.raw(repetition), muster };
    }
    if (repetition === 0) continue;
    pairs.push(pair);
    bench.say(`${repetition}/${bench.repetitions} ${JSON.stringify(pair, rounded)}`);
  }
  return pairs;
}

const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(4)) : value;
