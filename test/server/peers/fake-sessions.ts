import type { HeldExecution } from '../../../server/fleet/hello.ts';
import type { EpochValue, ReadHandle, ReadOptions, ReadSink } from '../../../server/fleet/session.ts';
import type { LocalSession, LocalSessions } from '../../../server/peers/local-sessions.ts';
import type { ExecutionId, NodeUid } from '../../../shared/ids.ts';

const pattern = Buffer.from(Array.from({ length: 251 * 300 }, (_, at) => at % 251));

/** Bytes each of which is its offset modulo 251. */
export function patternAt(from: number, until: number): Buffer {
  const bytes = Buffer.alloc(until - from);
  for (let at = 0; at < bytes.length; ) at += pattern.copy(bytes, at, (from + at) % 251);
  return bytes;
}

/** A read that was opened here, answered by the test or by `flow`. */
export interface OpenRead {
  readonly uid: NodeUid;
  readonly options: ReadOptions;
  readonly sink: ReadSink;
  until: number;
  position: number;
  open: boolean;
}

const nothing = { readId: 7, offset: 0, data: Buffer.alloc(0), gap: null, end: false, error: '', present: false };

/** The sessions of one replica, as the test says; nodes with `sizes` write so many bytes of the pattern. */
export class FakeSessions implements LocalSessions {
  readonly sessions = new Map<NodeUid, LocalSession>();
  readonly reads: OpenRead[] = [];
  readonly sheds: { count: number; aSecond: number; leaderRevision: number }[] = [];
  /** Length of each node's output; a node without it says nothing by itself. */
  readonly sizes = new Map<NodeUid, number>();
  readonly #listeners = new Set<(uid: NodeUid) => void>();

  open(uid: NodeUid, epoch: EpochValue, executions: readonly HeldExecution[] = []): void {
    const held = new Map<ExecutionId, HeldExecution>(executions.map((each) => [each.id, each]));
    this.sessions.set(uid, { uid, epoch, executions: held });
    this.#tell(uid);
  }

  close(uid: NodeUid): void {
    this.sessions.delete(uid);
    for (const read of this.reads.filter((each) => each.uid === uid && each.open)) {
      read.open = false;
      read.sink.lost();
    }
    this.#tell(uid);
  }

  all(): Iterable<LocalSession> {
    return this.sessions.values();
  }

  get(uid: NodeUid): LocalSession | undefined {
    return this.sessions.get(uid);
  }

  subscribe(listener: (uid: NodeUid) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  shed(count: number, aSecond: number, leaderRevision: number): void {
    this.sheds.push({ count, aSecond, leaderRevision });
  }

  read(uid: NodeUid, options: ReadOptions, sink: ReadSink): ReadHandle | undefined {
    if (!this.sessions.has(uid)) return undefined;
    const read: OpenRead = { uid, options, sink, until: options.until, position: options.from, open: true };
    this.reads.push(read);
    queueMicrotask(() => this.#flow(read));
    return {
      extend: (until) => {
        read.until = Math.max(read.until, until);
        queueMicrotask(() => this.#flow(read));
      },
      close: () => {
        read.open = false;
      },
    };
  }

  /** All that it may, in pieces of 64 KiB. */
  #flow(read: OpenRead): void {
    const size = this.sizes.get(read.uid);
    if (size === undefined) return;
    while (read.open && read.position < Math.min(read.until, size)) {
      const offset = read.position;
      read.position = Math.min(offset + 65_536, read.until, size);
      read.sink.piece({ ...nothing, offset, data: patternAt(offset, read.position) });
    }
    if (!read.open || read.position < size) return;
    read.open = false;
    read.sink.piece({ ...nothing, offset: size, end: true });
  }

  #tell(uid: NodeUid): void {
    for (const listener of this.#listeners) listener(uid);
  }
}
