import { once } from 'node:events';
import type { MessageSink } from '../../shared/rpc/write.ts';
import type { Clock } from '../../shared/time.ts';

/** Frames a peer may leave unread before its session ends: a stuck agent must not grow the replica. */
const maxWaiting = 8192;
const unfenceEveryMs = 250;

interface Waiting<Frame> {
  readonly frame: Frame;
  /** Set for a guarded one. */
  readonly wanted: (() => boolean) | undefined;
}

/**
 * The way out of one stream: control frames first, bulk (standard input) only while no control frame waits. Bulk is pulled,
 * one frame at a time, so it never waits in memory. Guarded frames (a `Start`) leave only while the replica is not fenced: one that
 * waited for the stream while the replica was frozen may be another's to say by then.
 */
export class SendQueue<Frame> {
  readonly #stream: MessageSink;
  readonly #signal: AbortSignal;
  readonly #failed: (error: unknown) => void;
  readonly #fenced: () => boolean;
  readonly #clock: Clock;
  readonly #control: Waiting<Frame>[] = [];
  /** Guarded ones whose turn came while the replica was fenced, in their order. */
  #held: Waiting<Frame>[] = [];
  #looksAgain = false;
  readonly #bulk: Iterator<Frame>[] = [];
  /** In the middle of it, or waiting for the stream. */
  #writing = false;

  /** `failed` is called once when the stream refuses; `signal` ends the queue without it. */
  constructor(options: {
    stream: MessageSink;
    signal: AbortSignal;
    failed: (error: unknown) => void;
    fenced: () => boolean;
    clock: Clock;
  }) {
    this.#stream = options.stream;
    this.#signal = options.signal;
    this.#failed = options.failed;
    this.#fenced = options.fenced;
    this.#clock = options.clock;
  }

  control(frame: Frame): void {
    this.#push({ frame, wanted: undefined });
  }

  /**
   * A control frame that waits while the replica is fenced; others pass it then, bulk does not. `wanted` is asked when it leaves: where that
   * is false it is dropped.
   */
  guarded(frame: Frame, wanted: () => boolean): void {
    this.#push({ frame, wanted });
  }

  bulk(frames: Iterator<Frame>): void {
    if (this.#signal.aborted) return;
    this.#bulk.push(frames);
    this.#wake();
  }

  #push(waiting: Waiting<Frame>): void {
    if (this.#signal.aborted) return;
    if (this.#control.push(waiting) + this.#held.length <= maxWaiting) return this.#wake();
    this.#failed(new Error(`the agent left ${maxWaiting} frames unread`));
  }

  /** As much as the stream takes, at once: a promise a frame costs more than the frame where a thousand sessions get one. */
  #wake(): void {
    if (this.#writing) return;
    this.#writing = true;
    try {
      for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
        if (this.#stream.write(frame)) continue;
        this.#goOnWhenDrained();
        return;
      }
      this.#writing = false;
    } catch (error) {
      if (!this.#signal.aborted) this.#failed(error);
    }
  }

  #goOnWhenDrained(): void {
    once(this.#stream, 'drain', { signal: this.#signal }).then(
      () => {
        this.#writing = false;
        this.#wake();
      },
      (error: unknown) => {
        if (!this.#signal.aborted) this.#failed(error);
      },
    );
  }

  #next(): Frame | undefined {
    if (this.#signal.aborted) return undefined;
    if (this.#held.length > 0 && !this.#fenced()) {
      this.#control.unshift(...this.#held);
      this.#held = [];
    }
    for (let next = this.#control.shift(); next !== undefined; next = this.#control.shift()) {
      const { frame, wanted } = next;
      if (wanted === undefined) return frame;
      if (this.#fenced()) this.#held.push(next);
      else if (wanted()) return frame;
    }
    if (this.#held.length > 0) {
      this.#lookAgain();
      return undefined;
    }
    while (this.#bulk.length > 0) {
      const next = this.#bulk[0]?.next();
      if (next !== undefined && !next.done) return next.value;
      this.#bulk.shift();
    }
    return undefined;
  }

  #lookAgain(): void {
    if (this.#looksAgain) return;
    this.#looksAgain = true;
    this.#clock.after(unfenceEveryMs, () => {
      this.#looksAgain = false;
      this.#wake();
    });
  }
}
