import type { EpochValue } from './session.ts';

/** Below 0 where `a` is the lower one, 0 where they are equal. Era first, then revision. */
export const compareEpochs = (a: EpochValue, b: EpochValue): number => a.era - b.era || a.revision - b.revision;

export const formatEpoch = ({ era, revision }: EpochValue): string => `${era}.${revision}`;
