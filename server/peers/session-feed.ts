import type { OpenedSession } from '../../proto/gen/muster/peer/v1/OpenedSession.ts';
import type { PeerFrame } from '../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { NodeUid } from '../../shared/ids.ts';
import type { LocalSession, LocalSessions } from './local-sessions.ts';

const maxPerFrame = 512;
/** An execution takes some 80 bytes: a frame stays under 1 MiB unless one node alone has more. */
const maxExecutionsPerFrame = 8192;

/**
 * Tells one link of the sessions here: all there are, then every change. What has changed waits as a mark a node, not as a
 * frame: a slow link costs no more than that, and a session that came and went meanwhile costs nothing.
 */
export class SessionFeed {
  readonly #local: LocalSessions;
  readonly #send: (frame: PeerFrame) => void;
  readonly #drained: () => Promise<void>;
  readonly #snapshotSent: () => void;
  readonly #changed = new Set<NodeUid>();
  readonly #told = new Map<NodeUid, LocalSession>();
  readonly #unsubscribe: () => void;
  #snapshotDone = false;
  #planned = false;
  #closed = false;

  /** `drained` rejects where the link is down. */
  constructor(options: {
    local: LocalSessions;
    send: (frame: PeerFrame) => void;
    drained: () => Promise<void>;
    snapshotSent: () => void;
  }) {
    this.#local = options.local;
    this.#send = options.send;
    this.#drained = options.drained;
    this.#snapshotSent = options.snapshotSent;
    this.#unsubscribe = this.#local.subscribe((uid) => {
      this.#changed.add(uid);
      if (this.#snapshotDone) this.#plan();
    });
    void this.#snapshot();
  }

  /** Says at once what has changed: before a frame that speaks of it. */
  flush(): void {
    if (!this.#snapshotDone || this.#closed) return;
    while (this.#changed.size > 0) this.#sendSome(this.#changed);
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
  }

  /** At the link's pace; what changes meanwhile is told after it. */
  async #snapshot(): Promise<void> {
    const before = new Set<NodeUid>();
    for (const { uid } of this.#local.all()) before.add(uid);
    try {
      while (before.size > 0) {
        await this.#drained();
        if (this.#closed) return;
        this.#sendSome(before);
        // Ten thousand sessions at once would stop everything else for a while.
        if (before.size > 0) await new Promise((resolve) => setImmediate(resolve));
      }
    } catch {
      return;
    }
    if (this.#closed) return;
    this.#send({ sessionsOpened: { sessions: [], snapshotEnd: true } });
    this.#snapshotDone = true;
    this.#snapshotSent();
    this.#plan();
  }

  /** What changes in one turn of the loop is told in one frame. */
  #plan(): void {
    if (this.#planned || this.#changed.size === 0) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.flush();
    });
  }

  #sendSome(uids: Set<NodeUid>): void {
    const opened: OpenedSession[] = [];
    const closed: { uid: NodeUid; epoch: LocalSession['epoch'] }[] = [];
    let executions = 0;
    for (const uid of uids) {
      const told = this.#told.get(uid);
      const now = this.#local.get(uid);
      const more = now === told ? 0 : (now?.executions.size ?? 0);
      const full = executions > 0 && executions + more > maxExecutionsPerFrame;
      if (full || opened.length === maxPerFrame || closed.length === maxPerFrame) break;
      uids.delete(uid);
      if (now === told) continue;
      executions += more;
      if (told) closed.push({ uid, epoch: told.epoch });
      if (now) {
        opened.push(openedSession(now));
        this.#told.set(uid, now);
      } else this.#told.delete(uid);
    }
    if (closed.length > 0) this.#send({ sessionsClosed: { sessions: closed } });
    if (opened.length > 0) this.#send({ sessionsOpened: { sessions: opened } });
  }
}

function openedSession({ uid, epoch, executions }: LocalSession): OpenedSession {
  const known = Array.from(executions.values(), ({ id, state }) => ({ execution: id, state }));
  return { uid, epoch, executions: known };
}
