/** Number of a session: whoever holds the higher one holds the node. */
export interface Epoch {
  /** Raised when the store is found empty or rolled back. */
  readonly era: number;
  /** Store revision of the claiming write. */
  readonly revision: number;
}

/** Below 0 where `a` is the lower one, 0 where they are equal. Era first, then revision. */
export const compareEpochs = (a: Epoch, b: Epoch): number => a.era - b.era || a.revision - b.revision;

export const formatEpoch = ({ era, revision }: Epoch): string => `${era}.${revision}`;

/** The highest epoch the agent has seen. */
export interface EpochStore {
  /** Undefined where it has seen none. */
  readonly highest: Epoch | undefined;
  /** Returns when `epoch` will be `highest` after any crash. Throws where it can't be written down. */
  raise(epoch: Epoch): void;
}
