import { once } from 'node:events';
import type { MessageSink } from '../../shared/rpc/write.ts';

/** Frames a peer may leave unread before its session ends: a stuck agent must not grow the replica. */
const maxWaiting = 8192;

/**
 * The way out of one stream: control frames first, bulk (standard input) only while no control frame waits. Bulk is pulled,
 * one frame at a time, so it never waits in memory.
 */
export class SendQueue<Frame> {
  readonly #stream: MessageSink;
  readonly #signal: AbortSignal;
  readonly #failed: (error: unknown) => void;
  readonly #control: Frame[] = [];
  readonly #bulk: Iterator<Frame>[] = [];
  /** In the middle of it, or waiting for the stream. */
  #writing = false;

  /** `failed` is called once when the stream refuses; `signal` ends the queue without it. */
  constructor(options: { stream: MessageSink; signal: AbortSignal; failed: (error: unknown) => void }) {
    this.#stream = options.stream;
    this.#signal = options.signal;
    this.#failed = options.failed;
  }

  control(frame: Frame): void {
    if (this.#signal.aborted) return;
    if (this.#control.push(frame) > maxWaiting) this.#failed(new Error(`the agent left ${maxWaiting} frames unread`));
    else this.#wake();
  }

  bulk(frames: Iterator<Frame>): void {
    if (this.#signal.aborted) return;
    this.#bulk.push(frames);
    this.#wake();
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
    const control = this.#control.shift();
    if (control !== undefined) return control;
    while (this.#bulk.length > 0) {
      const next = this.#bulk[0]?.next();
      if (next !== undefined && !next.done) return next.value;
      this.#bulk.shift();
    }
    return undefined;
  }
}
