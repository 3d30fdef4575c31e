import type { NodeUid } from '../../shared/ids.ts';
import type { Clock } from '../../shared/time.ts';
import type { Directory } from '../fleet/directory.ts';

/** A node that no replica holds, as this replica has seen it. */
export interface Absence {
  /** Monotonic: it was away already, and has been all the time since. */
  readonly sinceMs: number;
  /** When it was seen to leave; undefined where it was away already. */
  readonly leftUnixMs: number | undefined;
}

/** Since when nodes have been without a session, by this replica's own clocks: for its whole life, whoever leads. */
export class Absences {
  readonly #clock: Clock;
  readonly #absences = new Map<NodeUid, Absence>();

  constructor(options: { clock: Clock; directory: Pick<Directory, 'subscribe'> }) {
    this.#clock = options.clock;
    options.directory.subscribe(({ uid, before, after }) => {
      if (after === undefined || after.presence !== undefined) this.#absences.delete(uid);
      else if (before?.presence !== undefined) this.#begin(uid, this.#clock.now());
    });
  }

  /** Of a node that has no session now; one of which nothing was seen has been away since this is asked. */
  of(uid: NodeUid): Absence {
    return this.#absences.get(uid) ?? this.#begin(uid, undefined);
  }

  #begin(uid: NodeUid, leftUnixMs: number | undefined): Absence {
    const absence = { sinceMs: this.#clock.monotonic(), leftUnixMs };
    this.#absences.set(uid, absence);
    return absence;
  }
}
