import type { Era__Output } from '../../proto/gen/muster/store/v1/Era.ts';

/** An epoch: era first, then revision. */
export interface Epoch {
  readonly era: number;
  readonly revision: number;
}

/** The store's era as a replica last read it. */
export type EraRecord = Era__Output;

/** What a replica knows of the store when it looks again. */
export interface EraView {
  /** What it knew last. */
  readonly known: EraRecord;
  /** What stands in the store now; undefined = nothing. */
  readonly found: EraRecord | undefined;
  /** The store answered with a revision below one that it had answered with before. */
  readonly setBack: boolean;
}

/** What is to be written: undefined where what was found stands. */
export type EraChange = Omit<EraRecord, 'sinceUnixMs'> | undefined;

/** An agent may be that far ahead of the store's era, so that a lying one can't use eras up. */
export const maxEraJump = 1000;

/**
 * What a running replica that knew one era makes of what it finds. Gone, or of another life and not yet said to be: the store was wiped,
 * perhaps begun anew by somebody who could not know. Of the same life but older than what was seen: it was restored from a
 * backup. Whoever sees it first raises the era; the others find it raised.
 */
export function eraOf({ known, found, setBack }: EraView, newClusterId: string): EraChange {
  if (found === undefined) {
    return { era: known.era + 1, clusterId: newClusterId, unconfirmed: true, reason: 'wiped' };
  }
  if (found.era > known.era) return undefined;
  const era = known.era + 1;
  if (found.clusterId !== known.clusterId) {
    return { era, clusterId: found.clusterId, unconfirmed: true, reason: 'wiped' };
  }
  if (found.era === known.era && !setBack) return undefined;
  return { era, clusterId: found.clusterId, unconfirmed: found.unconfirmed, reason: 'rolled-back' };
}

/**
 * What an agent's epoch says of the store, which would give (or has just given) that node the epoch `given`. No store gives one that is
 * not above all that it gave before: on a store that knows neither the node nor any job it was wiped, otherwise rolled back.
 * `implausible`: further ahead than any store can have been.
 */
export function eraByAgent(view: {
  readonly found: EraRecord;
  readonly given: Epoch;
  readonly agent: Epoch;
  readonly knownNode: boolean;
  readonly anyJob: boolean;
}): EraChange | 'implausible' {
  const { found, given, agent, knownNode, anyJob } = view;
  if (agent.era < found.era) return undefined;
  // Given in an era that is over: only its own replica did not know that yet.
  if (agent.era === found.era && (given.era < found.era || agent.revision < given.revision)) return undefined;
  if (agent.era > found.era + maxEraJump) return 'implausible';
  const wiped = !knownNode && !anyJob;
  return {
    era: agent.era + 1,
    clusterId: found.clusterId,
    unconfirmed: found.unconfirmed || wiped,
    reason: wiped ? 'wiped' : 'rolled-back',
  };
}
