import { setImmediate } from 'node:timers/promises';
import type { PeerFrame, PeerFrame__Output } from '../../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { NodeAbsence } from '../../../server/jobs/views/away-nodes.ts';
import type { CoordinatorMap } from '../../../server/jobs/views/job-mirror.ts';
import type { PeerLink } from '../../../server/peers/peer-link.ts';
import type { JobId } from '../../../shared/ids.ts';
import { codec } from '../../../shared/rpc/proto.ts';
import type { Clock, Timer } from '../../../shared/time.ts';

const frames = codec<PeerFrame, PeerFrame__Output>('muster.peer.v1.PeerFrame');

/** Time stands still until the test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #due = new Map<object, { atMs: number; action: () => void }>();
  now = (): number => this.#nowMs;
  monotonic = (): number => this.#nowMs;
  after(ms: number, action: () => void): Timer {
    const key = {};
    this.#due.set(key, { atMs: this.#nowMs + ms, action });
    return { cancel: () => void this.#due.delete(key) };
  }
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const [key, { atMs, action }] of [...this.#due]) {
      if (atMs > this.#nowMs || !this.#due.delete(key)) continue;
      action();
    }
  }
}

/** One end of a link, whose frames wait until the test delivers them. */
export class FakeLink implements PeerLink {
  readonly replica: string;
  readonly sessions = new Map();
  readonly queue: Buffer[] = [];
  live = true;
  /** More than so many queued frames and the link is not drained. */
  capacity = 2;
  #drained: { resolve: () => void; reject: (reason: unknown) => void }[] = [];

  /** `replica` is whom it leads to. */
  constructor(replica: string) {
    this.replica = replica;
  }

  send(frame: PeerFrame): void {
    if (this.live) this.queue.push(frames.encode(frame));
  }

  drained(): Promise<void> {
    if (!this.live) return Promise.reject(new Error('the link is down'));
    if (this.queue.length < this.capacity) return Promise.resolve();
    return new Promise((resolve, reject) => this.#drained.push({ resolve, reject }));
  }

  /** The frame that has waited longest. */
  take(): PeerFrame__Output | undefined {
    const bytes = this.queue.shift();
    if (this.queue.length < this.capacity) for (const { resolve } of this.#drained.splice(0)) resolve();
    return bytes && frames.decode(bytes);
  }

  cut(): void {
    this.live = false;
    this.queue.length = 0;
    for (const { reject } of this.#drained.splice(0)) reject(new Error('the link is down'));
  }
}

/** A coordinator map that knows what the test has told it. */
export class FakeMap implements CoordinatorMap {
  at: { replica: string; createRevision: number } | undefined;
  open = true;
  readonly #listeners = new Set<(job: JobId) => void>();
  of = () => this.at;
  isOpen = (): boolean => this.open;
  subscribe(listener: (job: JobId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  set(job: JobId, at: FakeMap['at'], open: boolean): void {
    if (at?.createRevision === this.at?.createRevision && open === this.open) return;
    this.at = at;
    this.open = open;
    for (const listener of this.#listeners) listener(job);
  }
}

/** Nodes that never go away. */
export const allHere: NodeAbsence = {
  ...{ isAway: () => false, isOutOfReach: () => false, mayReturn: () => false, patienceMs: 0 },
  subscribe: () => () => {},
};

/** Whatever goes on by itself comes to rest. */
export async function turn(): Promise<void> {
  for (let n = 0; n < 3; n += 1) await setImmediate();
}
