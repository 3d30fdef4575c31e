import type { PeerFrame } from '../../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { HeldExecution } from '../../../server/fleet/hello.ts';
import type { PeerLink, RemoteSession } from '../../../server/peers/peer-link.ts';
import type { ExecutionId, NodeUid } from '../../../shared/ids.ts';

/** A link that keeps what it is given. */
export class FakeLink implements PeerLink {
  readonly replica: string;
  readonly sent: PeerFrame[] = [];
  readonly sessions = new Map<NodeUid, RemoteSession>();
  live = true;

  constructor(replica = 'other') {
    this.replica = replica;
  }

  send(frame: PeerFrame): void {
    if (this.live) this.sent.push(frame);
  }

  async drained(): Promise<void> {
    if (!this.live) throw new Error('the link is down');
  }

  /** A session of that epoch opens at the other end. */
  open(uid: NodeUid, revision: number, executions: readonly ExecutionId[] = []): RemoteSession & { live: boolean } {
    const held = executions.map((id): [ExecutionId, HeldExecution] => [id, { id, state: 'EXECUTION_STATE_RUNNING' }]);
    const session = { uid, link: this, live: true, epoch: { era: 1, revision }, executions: new Map(held) };
    this.sessions.set(uid, session);
    return session;
  }

  /** The frames of one kind, in order. */
  of<Kind extends keyof PeerFrame>(kind: Kind): NonNullable<PeerFrame[Kind]>[] {
    return this.sent.flatMap((frame) => frame[kind] ?? []) as NonNullable<PeerFrame[Kind]>[];
  }
}
