import type { PresenceRecord } from '../../proto/gen/muster/store/v1/PresenceRecord.ts';
import type { Entry } from '../store/store.ts';
import { values } from '../store/values.ts';
import type { Presence } from './directory.ts';
import type { EpochValue } from './session.ts';

/** Below 0 where `a` is the lower one, 0 where they are equal. Era first, then revision. */
export const compareEpochs = (a: EpochValue, b: EpochValue): number => a.era - b.era || a.revision - b.revision;

export const formatEpoch = ({ era, revision }: EpochValue): string => `${era}.${revision}`;

/** What stands under `presence/<uid>`: a claiming write's epoch is its own revision. Throws where it can't be read. */
export function presenceOf(entry: Entry): Presence {
  const { replica, era, epochRevision } = values.presence.decode(entry.value);
  return { replica, epoch: { era, revision: epochRevision || entry.modRevision } };
}

/** The value of a claim in this era; a re-claim says the revision of the epoch that it keeps. */
export function presenceValue(replica: string, era: number, epochRevision = 0): Buffer {
  return values.presence.encode({ replica, era, epochRevision } satisfies PresenceRecord);
}
