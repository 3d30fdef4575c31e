import type { SessionsClosed__Output } from '../../proto/gen/muster/peer/v1/SessionsClosed.ts';
import type { SessionsOpened__Output } from '../../proto/gen/muster/peer/v1/SessionsOpened.ts';
import type { Epoch__Output } from '../../proto/gen/muster/v1/Epoch.ts';
import { type ExecutionId, isNodeUid, type NodeUid, parseExecutionId } from '../../shared/ids.ts';
import { compareEpochs } from '../fleet/epoch.ts';
import type { HeldExecution } from '../fleet/hello.ts';
import type { EpochValue } from '../fleet/session.ts';
import type { PeerLink, RemoteSession } from './peer-link.ts';
import { badFrame } from './peer-wire.ts';

const maxPerFrame = 512;
const none: ReadonlyMap<ExecutionId, HeldExecution> = new Map();

class LinkedSession implements RemoteSession {
  readonly uid: NodeUid;
  readonly epoch: EpochValue;
  readonly link: PeerLink;
  readonly executions: ReadonlyMap<ExecutionId, HeldExecution>;
  over = false;

  constructor(session: Pick<RemoteSession, 'uid' | 'epoch' | 'link' | 'executions'>) {
    this.uid = session.uid;
    this.epoch = session.epoch;
    this.link = session.link;
    this.executions = session.executions;
  }

  get live(): boolean {
    return !this.over && this.link.live;
  }
}

/** The sessions that one link told of. */
export class LinkedSessions {
  readonly all = new Map<NodeUid, LinkedSession>();
  readonly #link: PeerLink;
  readonly #opened: (session: RemoteSession) => void;
  readonly #closed: (session: RemoteSession) => void;

  constructor(options: {
    link: PeerLink;
    opened: (session: RemoteSession) => void;
    closed: (session: RemoteSession) => void;
  }) {
    this.#link = options.link;
    this.#opened = options.opened;
    this.#closed = options.closed;
  }

  /** Takes all of a frame or, where it throws FRAME_INVALID naming the field, nothing. */
  open({ sessions }: SessionsOpened__Output): void {
    if (sessions.length > maxPerFrame) throw badFrame('sessions_opened.sessions', `more than ${maxPerFrame}`);
    const opened = sessions.map(({ uid, epoch, executions }, at) => {
      const field = `sessions_opened.sessions[${at}]`;
      const node = uidOf(uid, field);
      return new LinkedSession({
        ...{ uid: node, epoch: epochOf(epoch, field), link: this.#link },
        executions: executions.length === 0 ? none : executionsOf(executions, node, field),
      });
    });
    for (const session of opened) {
      this.#close(session.uid);
      this.all.set(session.uid, session);
      this.#opened(session);
    }
  }

  close({ sessions }: SessionsClosed__Output): void {
    if (sessions.length > maxPerFrame) throw badFrame('sessions_closed.sessions', `more than ${maxPerFrame}`);
    const closed = sessions.map(({ uid, epoch }, at) => {
      const field = `sessions_closed.sessions[${at}]`;
      return { uid: uidOf(uid, field), epoch: epochOf(epoch, field) };
    });
    for (const { uid, epoch } of closed) {
      const known = this.all.get(uid);
      if (known && compareEpochs(known.epoch, epoch) <= 0) this.#close(uid);
    }
  }

  /** The link is down. */
  closeAll(): void {
    for (const uid of [...this.all.keys()]) this.#close(uid);
  }

  #close(uid: NodeUid): void {
    const session = this.all.get(uid);
    if (!session) return;
    session.over = true;
    this.all.delete(uid);
    this.#closed(session);
  }
}

function uidOf(uid: string, field: string): NodeUid {
  if (!isNodeUid(uid)) throw badFrame(`${field}.uid`, 'must be 32 lower-case hex digits');
  return uid;
}

function epochOf(epoch: Epoch__Output | null, field: string): EpochValue {
  if (!epoch) throw badFrame(`${field}.epoch`, 'is required');
  for (const part of ['era', 'revision'] as const) {
    if (!Number.isSafeInteger(epoch[part])) throw badFrame(`${field}.epoch.${part}`, 'is too large');
  }
  return epoch;
}

function executionsOf(
  executions: SessionsOpened__Output['sessions'][number]['executions'],
  node: NodeUid,
  field: string,
): ReadonlyMap<ExecutionId, HeldExecution> {
  const held = new Map<ExecutionId, HeldExecution>();
  for (const [at, { execution, state }] of executions.entries()) {
    const id = execution as ExecutionId;
    if (parseExecutionId(execution)?.node !== node) {
      throw badFrame(`${field}.executions[${at}].execution`, 'must be job/node uid/attempt of this node');
    }
    held.set(id, { id, state });
  }
  return held;
}
