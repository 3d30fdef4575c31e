/** An execution that waits for a place in its lane. */
export interface LaneCandidate {
  /** Its place in the journal: the lowest is first. */
  readonly turn: number;
  /** It starts only where fewer than so many of its lane run: the bound of its own order. */
  readonly concurrency: number;
}

/**
 * Who of a lane may start now, where `running` of it run. Strictly in turn: nobody passes one that still waits, so that an order
 * with a low bound is not starved by others with a high one; and where none runs the first may always start.
 */
export function nextInLane<Candidate extends LaneCandidate>(
  running: number,
  waiting: readonly Candidate[],
): readonly Candidate[] {
  const inTurn = waiting.toSorted((a, b) => a.turn - b.turn);
  const blocked = inTurn.findIndex(({ concurrency }, at) => running + at >= Math.max(1, concurrency));
  return blocked === -1 ? inTurn : inTurn.slice(0, blocked);
}
