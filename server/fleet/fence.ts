import { compareEpochs } from './epoch.ts';
import type { Presence } from './presences.ts';
import type { EpochValue } from './session.ts';

/** A session's claim on its node. */
export interface HeldPresence {
  readonly replica: string;
  readonly epoch: EpochValue;
  /** Revision of this replica's last write of it. */
  readonly revision: number;
}

/** What the store tells of a node's presence. */
export interface SeenPresence {
  /** Undefined = there is none (any more). */
  readonly presence: Presence | undefined;
  /** Revision of the write that made it so, or at which it was looked for. */
  readonly revision: number;
}

/**
 * `keep`: nothing to do. `note`: it is our own, written at that revision. `claim-again`: it is ours and the store does not say so.
 * `yield`: another replica holds the node with an epoch that is no lower; the session ends.
 */
export type Fencing = 'keep' | 'note' | 'claim-again' | 'yield';

/** What a replica that holds a node makes of what it sees in the store: the higher epoch has the node. */
export function fence(held: HeldPresence, { presence, revision }: SeenPresence): Fencing {
  // From before our own last write.
  if (revision <= held.revision) return 'keep';
  if (presence === undefined) return 'claim-again';
  const order = compareEpochs(presence.epoch, held.epoch);
  if (order < 0) return 'claim-again';
  if (presence.replica !== held.replica) return 'yield';
  // A higher one of our own is a claim whose session is about to open here.
  return order === 0 ? 'note' : 'keep';
}
