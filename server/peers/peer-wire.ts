import type { EventEmitter } from 'node:events';
import type { PeerFrame, PeerFrame__Output } from '../../proto/gen/muster/peer/v1/PeerFrame.ts';
import { MusterError } from '../../shared/errors.ts';
import { type ControlMessage, encodeControl, maxControlBytes } from './peer-methods.ts';

/** Either end of a control stream. */
export interface ControlStream extends EventEmitter {
  write(bytes: Buffer, written: (error?: Error | null) => void): boolean;
}

/** Who listens to a wire now. `closed` is the last call, and comes once. */
export interface WireReceiver {
  /** A throw ends the wire: a MusterError as it is, anything else as INTERNAL. */
  frame(frame: PeerFrame__Output): void;
  closed(reason: Error): void;
}

/** So much may be handed to the stream at once; the rest waits here, where it is counted. */
const inFlightBytes = 256 * 1024;
/** Above it whoever sends much waits. */
const highBytes = 1024 * 1024;
/** A peer that leaves so much unread is better off with a new link. */
const limitBytes = 64 * 1024 * 1024;

/** One control stream as frames both ways, in order, its queue bounded. Nothing that comes over it can throw. */
export class PeerWire {
  readonly #stream: ControlStream;
  readonly #hangUp: (error: MusterError | undefined) => void;
  #queue: Buffer[] = [];
  /** Of the next frame to go. */
  #head = 0;
  readonly #drained = new Set<{ resolve: () => void; reject: (reason: Error) => void }>();
  #receiver: WireReceiver;
  #queuedBytes = 0;
  #inFlightBytes = 0;
  #closed: Error | undefined;

  /** `hangUp` ends the stream, with an error to the peer where one is given and the stream can carry it. */
  constructor(options: {
    stream: ControlStream;
    hangUp: (error: MusterError | undefined) => void;
    receiver: WireReceiver;
  }) {
    this.#stream = options.stream;
    this.#hangUp = options.hangUp;
    this.#receiver = options.receiver;
    const { stream } = options;
    stream.on('data', (message: ControlMessage) => this.#received(message));
    stream.on('error', (error: Error) => this.end(undefined, error));
    stream.on('cancelled', () => this.end(undefined, new Error('the peer hung up')));
    stream.on('end', () => this.end(undefined, new Error('the peer ended the link')));
    stream.on('close', () => this.end(undefined, new Error('the connection is closed')));
  }

  /** Hands all that comes from here on to another. */
  set receiver(receiver: WireReceiver) {
    this.#receiver = receiver;
  }

  get open(): boolean {
    return this.#closed === undefined;
  }

  /** Queued and handed to the stream, not yet taken by the connection. */
  get queuedBytes(): number {
    return this.#queuedBytes + this.#inFlightBytes;
  }

  /** RangeError where the frame is above 4 MiB. */
  send(frame: PeerFrame): void {
    if (!this.open) return;
    const bytes = encodeControl(frame);
    if (bytes.length > maxControlBytes) {
      throw new RangeError(`a ${Object.keys(frame).join()} frame of ${bytes.length} bytes; at most ${maxControlBytes}`);
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pump();
    if (this.queuedBytes > limitBytes) {
      this.end(new MusterError('TOO_MANY', `the peer left ${this.queuedBytes} bytes of control frames unread`));
    }
  }

  async drained(): Promise<void> {
    if (this.#closed) throw this.#closed;
    if (this.queuedBytes < highBytes) return;
    await new Promise<void>((resolve, reject) => this.#drained.add({ resolve, reject }));
  }

  /** Ends the stream. `error` goes to the peer; `reason` is for this side. Again is harmless. */
  end(error?: MusterError, reason: Error = error ?? new Error('the link was ended here')): void {
    if (!this.open) return;
    this.#closed = reason;
    this.#forget();
    this.#queuedBytes = 0;
    this.#hangUp(error);
    this.#settle((waiting) => waiting.reject(reason));
    this.#receiver.closed(reason);
  }

  #received({ fault, frame }: ControlMessage): void {
    if (!this.open) return;
    try {
      if (fault !== undefined) throw badFrame('frame', fault);
      if (!frame) throw badFrame('frame', 'is required');
      this.#receiver.frame(frame);
    } catch (error) {
      // grpc-js turns an error thrown in a listener into the end of the process.
      const known = error instanceof MusterError;
      this.end(known ? error : new MusterError('INTERNAL', 'a frame could not be handled', { cause: error }));
    }
  }

  #pump(): void {
    while (this.open && this.#head < this.#queue.length) {
      const bytes = this.#queue[this.#head] as Buffer;
      const size = bytes.length;
      if (this.#inFlightBytes > 0 && this.#inFlightBytes + size > inFlightBytes) return;
      this.#head += 1;
      if (this.#head === this.#queue.length) this.#forget();
      else if (this.#head >= 1024) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      this.#queuedBytes -= size;
      this.#inFlightBytes += size;
      this.#stream.write(bytes, () => {
        this.#inFlightBytes -= size;
        this.#pump();
        if (this.queuedBytes < highBytes) this.#settle((waiting) => waiting.resolve());
      });
    }
  }

  #forget(): void {
    this.#queue = [];
    this.#head = 0;
  }

  #settle(how: (waiting: { resolve: () => void; reject: (reason: Error) => void }) => void): void {
    const waiting = [...this.#drained];
    this.#drained.clear();
    for (const each of waiting) how(each);
  }
}

/** FRAME_INVALID naming the field. */
export const badFrame = (field: string, message: string): MusterError =>
  new MusterError('FRAME_INVALID', `${field}: ${message}`, { field });
