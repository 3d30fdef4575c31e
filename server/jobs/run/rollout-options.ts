import type { StateName } from '../states.ts';

/** What is to be done now. Whoever carries it out need not answer: the next events tell. */
export interface Decision {
  /** Send `Start` to these; each holds a slot from now on. */
  readonly offer: readonly number[];
  /** Send `Cancel` to these; of what it never had an agent makes a tombstone. */
  readonly cancel: readonly number[];
  /** Never offered and never to be: their result is the control plane's to write. */
  readonly skip: readonly number[];
  readonly expire: readonly number[];
  /** Never offered, and a newer order of the same key has them: theirs too. */
  readonly superseded: readonly number[];
}

export interface RolloutOptions {
  readonly count: number;
  /** At least 1. */
  readonly maxConcurrency: number;
  /** Infinity = never stop. */
  readonly maxErrors: number;
  /** Targets below this index may be offered: the committed value. */
  readonly offeredBelow: number;
  /**
   * The job was driven by somebody else before: what is below `offeredBelow` and has no result may be running, and
   * holds a slot until it is heard of.
   */
  readonly adopted: boolean;
  /** State of a target as the store has it; PENDING where it has no result. */
  readonly stateAt: (index: number) => StateName;
  readonly isAway: (index: number) => boolean;
}
