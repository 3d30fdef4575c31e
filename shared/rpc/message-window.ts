/** The writing half of a grpc-js stream. `written` is not called where the call was cancelled first. */
export interface WindowedSink {
  write(message: unknown, written: () => void): boolean;
}

/** So much may be on its way out of one stream. */
const windowBytes = 1024 * 1024;
/** No message counts less: more than 256 of them in one go would keep a thread from everything else. */
const leastBytes = windowBytes / 256;
/** What a message counts whose sender does not say. */
const standardBytes = windowBytes / 16;

/**
 * Writes messages and waits once too many bytes are on their way: grpc-js queues without bound for whoever does not wait, and bids wait
 * after sixteen messages, however small, for a whole turn of what may be a slow loop.
 */
export class MessageWindow {
  readonly #stream: WindowedSink;
  readonly #signal: AbortSignal;
  #underWayBytes = 0;
  #wake: (() => void) | undefined;

  /** `signal` aborts when the stream fails, or is closed. */
  constructor(options: { stream: WindowedSink; signal: AbortSignal }) {
    this.#stream = options.stream;
    this.#signal = options.signal;
  }

  /** Resolves when the next message may come: one sender at a time. Rejects with the signal's reason. */
  async send(message: unknown, bytes = standardBytes): Promise<void> {
    this.#signal.throwIfAborted();
    const weight = Math.max(bytes, leastBytes);
    this.#underWayBytes += weight;
    this.#stream.write(message, () => {
      this.#underWayBytes -= weight;
      if (this.#underWayBytes < windowBytes) this.#wake?.();
    });
    if (this.#underWayBytes >= windowBytes) await this.#room();
  }

  async #room(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#signal.addEventListener('abort', resolve as () => void, { once: true });
    await promise;
    this.#wake = undefined;
    this.#signal.removeEventListener('abort', resolve as () => void);
    this.#signal.throwIfAborted();
  }
}
