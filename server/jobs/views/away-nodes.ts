import type { NodeUid } from '../../../shared/ids.ts';
import type { Clock } from '../../../shared/time.ts';
import type { Directory } from '../../fleet/directory.ts';

/** The longest pause between two dials of an agent. */
const dialPauseMs = 30_000;
/** What a dial takes, and then some. */
const dialMs = 5000;

/** What those who read output need to know of a node's absence. */
export interface NodeAbsence {
  /** No replica holds it. */
  isAway(uid: string): boolean;
  /** Its output can't be read from here now: it is away, or whoever holds it can't be reached. */
  isOutOfReach(uid: string): boolean;
  /** Of a node that is away: it was here a moment ago, or this replica has only just begun and can't know. */
  mayReturn(uid: string): boolean;
  /** How long who waits for its output should wait: its replica may have died, and have to be found dead first. */
  readonly patienceMs: number;
  /** Calls `listener` whenever a node went away or came back, until the returned function is called. */
  subscribe(listener: (uid: string) => void): () => void;
}

/** Which nodes no replica holds, and which of these may be back in a moment, as the directory shows it. Lives as long as its replica. */
export class AwayNodes implements NodeAbsence {
  readonly patienceMs: number;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #readable: (uid: NodeUid) => boolean;
  readonly #returnWithinMs: number;
  readonly #begunMs: number;
  /** Monotonic time at which they were seen to go, in that order; those of long ago are forgotten. */
  readonly #went = new Map<string, number>();
  readonly #listeners = new Set<(uid: string) => void>();

  /** `readable`: a session of the node is within reach, here or over a link. */
  constructor(options: {
    directory: Directory;
    clock: Clock;
    leaseTermMs: number;
    readable: (uid: NodeUid) => boolean;
  }) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#readable = options.readable;
    this.patienceMs = options.leaseTermMs + dialMs;
    this.#returnWithinMs = options.leaseTermMs + dialPauseMs;
    this.#begunMs = options.clock.monotonic();
    options.directory.subscribe(({ uid, before, after }) => {
      const [was, is] = [before?.presence !== undefined, after?.presence !== undefined];
      if (was === is) return;
      this.#went.delete(uid);
      if (was) this.#note(uid);
      for (const listener of this.#listeners) listener(uid);
    });
  }

  isAway(uid: string): boolean {
    return this.#directory.get(uid as NodeUid)?.presence === undefined;
  }

  isOutOfReach(uid: string): boolean {
    return this.isAway(uid) || !this.#readable(uid as NodeUid);
  }

  mayReturn(uid: string): boolean {
    const now = this.#clock.monotonic();
    if (now - Math.max(this.#begunMs, this.#went.get(uid) ?? this.#begunMs) < this.#returnWithinMs) return true;
    const lastSeenUnixMs = this.#directory.get(uid as NodeUid)?.lastSeenUnixMs ?? 0;
    return this.#clock.now() - lastSeenUnixMs < this.#returnWithinMs;
  }

  subscribe(listener: (uid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #note(uid: string): void {
    const now = this.#clock.monotonic();
    this.#went.set(uid, now);
    for (const [longest, atMs] of this.#went) {
      if (now - atMs < this.#returnWithinMs) return;
      this.#went.delete(longest);
    }
  }
}
