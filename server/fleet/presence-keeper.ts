import { MusterError } from '../../shared/errors.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/time.ts';
import type { Directory } from './directory.ts';
import { fence, type SeenPresence } from './fence.ts';
import type { Inventory } from './inventory.ts';
import type { Session } from './session.ts';

/** So many claims wait together: they share transactions. */
const claimsAtOnce = 256;
const retryMs = 1000;

/** Whoever follows the presences in the store tells of them here. */
export type PresenceObserver = Pick<PresenceKeeper, 'saw' | 'listed' | 'forgetRevisions'>;

/**
 * Keeps the presence of every session in the store: claims it again where it vanished or somebody wrote a lower epoch over it, ends the
 * session where another replica holds the node with a higher one, drops what belongs to no session.
 */
export class PresenceKeeper {
  readonly #inventory: Pick<Inventory, 'presences' | 'restore'>;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #replica: string;
  readonly #sessionOf: (uid: NodeUid) => Session | undefined;
  /** Revision of this replica's last write of each session's presence. */
  readonly #written = new Map<Session, number>();
  readonly #claiming = new Map<NodeUid, number>();
  readonly #reclaims = new Map<Session, Promise<void>>();

  constructor(options: {
    inventory: Pick<Inventory, 'presences' | 'restore'>;
    directory: Directory;
    clock: Clock;
    log: Log;
    replica: string;
    /** The session that a node has here now. */
    sessionOf: (uid: NodeUid) => Session | undefined;
  }) {
    this.#inventory = options.inventory;
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#replica = options.replica;
    this.#sessionOf = options.sessionOf;
    this.#directory.subscribe(({ uid, before, after }) => {
      if (before !== undefined && after === undefined) void this.#registerAgain(uid, before);
    });
  }

  /** A claim of the node begins; until the returned function is called, what is seen of it is left alone. */
  claiming(uid: NodeUid): () => void {
    this.#claiming.set(uid, (this.#claiming.get(uid) ?? 0) + 1);
    return () => {
      const left = (this.#claiming.get(uid) ?? 1) - 1;
      if (left > 0) this.#claiming.set(uid, left);
      else this.#claiming.delete(uid);
      // A claim whose outcome nobody learned may stand all the same.
      const presence = this.#directory.presence(uid);
      if (left === 0 && presence) this.#dropOrphan(uid, presence);
    };
  }

  opened(session: Session): void {
    this.#written.set(session, session.epoch.revision);
  }

  /** Drops its presence, unless a newer session of the node takes its place here. */
  closed(session: Session, replaced: boolean): void {
    const revision = this.#written.get(session);
    this.#written.delete(session);
    if (revision !== undefined && !replaced) void this.#leave(session.uid, revision);
  }

  /** Gives back a claim that opened no session; the one that the node has here all the same is claimed again. */
  async unclaim(uid: NodeUid, revision: number): Promise<void> {
    await this.#leave(uid, revision);
    const session = this.#sessionOf(uid);
    if (session) await this.reclaim(session).catch((error: unknown) => this.#retry(session, error));
  }

  /** What the store tells of a node's presence, by its watch or a listing. */
  saw(uid: NodeUid, seen: SeenPresence): void {
    const session = this.#sessionOf(uid);
    const revision = session && this.#written.get(session);
    if (session === undefined || revision === undefined) {
      if (seen.presence) this.#dropOrphan(uid, { ...seen.presence, revision: seen.revision });
      return;
    }
    switch (fence({ replica: this.#replica, epoch: session.epoch, revision }, seen)) {
      case 'note':
        this.#written.set(session, seen.revision);
        return;
      case 'claim-again':
        void this.reclaim(session).catch((error: unknown) => this.#retry(session, error));
        return;
      case 'yield':
        return yieldTo(session);
    }
  }

  /** The store was listed at this revision: of what is held here, nothing but these stands in it. */
  listed(present: ReadonlySet<NodeUid>, revision: number): void {
    for (const session of [...this.#written.keys()]) {
      if (!present.has(session.uid)) this.saw(session.uid, { presence: undefined, revision });
    }
  }

  /** The store was set back: revisions begin anew, what was written says nothing any more. */
  forgetRevisions(): void {
    for (const session of this.#written.keys()) this.#written.set(session, 0);
  }

  /** After a lost lease: claims again what hung on it, under the new one. Rejects where one can't be claimed now. */
  async reclaimAll(hangs: (uid: NodeUid) => boolean): Promise<void> {
    const sessions = [...this.#written.keys()].filter(({ uid }) => hangs(uid)).values();
    const work = async (): Promise<void> => {
      for (const session of sessions) await this.reclaim(session);
    };
    await Promise.all(Array.from({ length: claimsAtOnce }, work));
  }

  /** One after another a session: a later one is there because the earlier may have looked too early. */
  async reclaim(session: Session): Promise<void> {
    const claim = (): Promise<void> => this.#reclaim(session);
    const reclaiming = (this.#reclaims.get(session) ?? Promise.resolve()).then(claim, claim);
    this.#reclaims.set(session, reclaiming);
    try {
      await reclaiming;
    } finally {
      if (this.#reclaims.get(session) === reclaiming) this.#reclaims.delete(session);
    }
  }

  async #reclaim(session: Session): Promise<void> {
    if (!this.#written.has(session)) return;
    const revision = await this.#inventory.presences.reclaim(
      session.uid,
      session.epoch,
      this.#directory.presence(session.uid),
    );
    if (revision === undefined) yieldTo(session);
    else if (this.#written.has(session)) this.#written.set(session, revision);
    else await this.unclaim(session.uid, revision);
  }

  #retry(session: Session, error: unknown): void {
    this.#log.warn({ err: error, 'node.id': session.uid }, 'could not claim again; trying on');
    this.#clock.after(retryMs, () => {
      if (!session.live) return;
      void this.reclaim(session).catch((failed: unknown) => this.#retry(session, failed));
    });
  }

  /** A claim of ours without a session, for example one whose outcome was lost with a cut. */
  #dropOrphan(uid: NodeUid, { replica, revision }: { replica: string; revision: number }): void {
    if (replica !== this.#replica || this.#claiming.has(uid) || this.#sessionOf(uid)) return;
    void this.#leave(uid, revision);
  }

  /** A node is not removed while it is connected: where its record is gone, the store lost it. */
  async #registerAgain(uid: NodeUid, node: Parameters<Inventory['restore']>[0]): Promise<void> {
    const session = this.#sessionOf(uid);
    if (session === undefined) return;
    try {
      if (await this.#inventory.restore(node)) return;
      session.end('refused', new MusterError('SESSION_REPLACED', 'the registration of this node is gone'));
    } catch (error) {
      this.#log.warn({ err: error, 'node.id': uid }, 'could not register again; trying on');
      this.#clock.after(retryMs, () => void this.#registerAgain(uid, node));
    }
  }

  async #leave(uid: NodeUid, revision: number): Promise<void> {
    await this.#inventory.presences.leave(uid, revision).catch((error: unknown) => {
      this.#log.warn({ err: error, 'node.id': uid }, 'could not drop the presence; its lease will');
    });
  }
}

/** What an agent is told whose session here is lower than another. */
export const claimedElsewhere = (): MusterError =>
  new MusterError('SESSION_REPLACED', 'another replica holds this node with a higher epoch');

const yieldTo = (session: Session): void => session.end('claimed-elsewhere', claimedElsewhere());
