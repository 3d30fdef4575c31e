import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../shared/time.ts';

/** Bounds of one listener. */
export interface HandshakeBounds {
  /** Connections that are let through and have no stream yet. */
  readonly unfinished: number;
  /** Of these, kept free for whoever is `preferred`. */
  readonly reserved: number;
  /** Connections that wait, unread; those beyond are closed. At the pace of admission they wait for less than an agent’s patience with a dial. */
  readonly waiting: number;
  /** One that is let through and has no stream by then is closed. */
  readonly timeoutMs: number;
  /** So many are let through in one turn of the event loop. */
  readonly aTurn: number;
}

export const standardBounds: HandshakeBounds = {
  unfinished: 256,
  reserved: 16,
  waiting: 4096,
  timeoutMs: 10_000,
  aTurn: 32,
};

export interface HandshakesOptions {
  /** Takes a connection over: TLS, where there is any, begins here. */
  readonly inject: (socket: Socket) => void;
  /** Whose connections go before others, by remote address: replicas must find each other while thousands of agents come. */
  readonly preferred: (address: string) => boolean;
  readonly refused: (reason: HandshakeRefusal) => void;
  readonly clock: Clock;
  readonly bounds?: Partial<HandshakeBounds>;
}

export type HandshakeRefusal = 'line-full' | 'timed-out';

/**
 * The connections of a listener from accept to their first stream. So many are under way at once; others wait in line, accepted but
 * unread, which costs a descriptor and no memory to speak of, and no ping of keepalive runs against them. What a herd sends is then
 * read at the pace at which it is dealt with. The newest goes first, and where the line is too long the oldest is closed: a client or
 * a replica that comes in the middle of a herd waits for none of it, while who has waited for long may have given up.
 */
export class Handshakes {
  readonly #options: HandshakesOptions;
  readonly #bounds: HandshakeBounds;
  /** Let through, by where they come from, until their first stream. */
  readonly #unfinished = new Map<string, Timer>();
  readonly #line: Socket[] = [];
  readonly #preferredLine: Socket[] = [];
  readonly #met = new WeakSet<Http2Session>();
  #thisTurn = 0;
  #closed = false;

  constructor(options: HandshakesOptions) {
    this.#options = options;
    this.#bounds = { ...standardBounds, ...options.bounds };
    subscribe(streamCreated, this.#firstStream);
  }

  get unfinished(): number {
    return this.#unfinished.size;
  }

  get waiting(): number {
    return this.#line.length + this.#preferredLine.length;
  }

  /** A connection that was just accepted and of which nothing was read. */
  add(socket: Socket): void {
    socket.on('error', ignored);
    if (this.#closed || socket.remoteAddress === undefined) return void socket.destroy();
    const line = this.#options.preferred(socket.remoteAddress) ? this.#preferredLine : this.#line;
    line.push(socket);
    this.#next();
    if (line.length <= this.#bounds.waiting) return;
    this.#options.refused('line-full');
    line.shift()?.resetAndDestroy();
  }

  /** Closes those in line, and takes no others. */
  close(): void {
    this.#closed = true;
    unsubscribe(streamCreated, this.#firstStream);
    for (const timer of this.#unfinished.values()) timer.cancel();
    for (const line of [this.#line, this.#preferredLine]) for (const socket of line) socket.destroy();
  }

  #next(): void {
    const { unfinished, reserved, aTurn } = this.#bounds;
    while (!this.#closed && this.#thisTurn < aTurn) {
      const line = this.#preferredLine.length > 0 ? this.#preferredLine : this.#line;
      const most = line === this.#preferredLine ? unfinished : unfinished - reserved;
      if (this.#unfinished.size >= most) return;
      const socket = line.pop();
      if (socket === undefined) return;
      if (this.#thisTurn === 0) {
        setImmediate(() => {
          this.#thisTurn = 0;
          this.#next();
        });
      }
      this.#thisTurn += 1;
      this.#begin(socket);
    }
  }

  #begin(socket: Socket): void {
    const { inject, clock, refused } = this.#options;
    const key = keyOf(socket);
    if (socket.destroyed || key === undefined) return;
    const timer = clock.after(this.#bounds.timeoutMs, () => {
      refused('timed-out');
      socket.destroy();
    });
    this.#unfinished.set(key, timer);
    socket.once('close', () => this.#finish(key, timer));
    // HTTP/2 takes the socket's handle and expects that it reads already.
    socket.read(0);
    inject(socket);
  }

  /** A later connection may come from the same port: `timer` says which one is meant. */
  #finish(key: string, timer = this.#unfinished.get(key)): void {
    if (timer === undefined || this.#unfinished.get(key) !== timer) return;
    timer.cancel();
    this.#unfinished.delete(key);
    this.#next();
  }

  /** grpc-js shows nobody its HTTP/2 sessions: Node tells of their streams. */
  readonly #firstStream = (message: unknown): void => {
    const { session } = (message as { stream: ServerHttp2Stream }).stream;
    if (session === undefined || session.destroyed || this.#met.has(session)) return;
    this.#met.add(session);
    const key = keyOf(session.socket as Socket);
    if (key !== undefined) this.#finish(key);
  };
}

const streamCreated = 'http2.server.stream.created';

/** The same for a TLS socket and the one below it. */
function keyOf({ remoteAddress, remotePort, localPort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort} ${localPort}`;
}

/** Peers hang up in mid-handshake as they like. */
function ignored(): void {}
