import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A loopback proxy in front of a server, to cut, starve, slow, pause or refuse its connections. */
export class TcpProxy {
  readonly #target: { host: string; port: number };
  readonly #server = createServer({ pauseOnConnect: true }, (client) => this.#serve(client));
  readonly #sockets = new Set<Socket>();
  #refusing = false;
  #stalling = false;
  #paused = false;
  #delayMs = 0;
  /** Connections that were accepted while stalling. */
  stalled = 0;
  /** Connections that were accepted and passed on. */
  served = 0;
  #cutAfterBytes = Number.POSITIVE_INFINITY;

  private constructor(host: string, port: number) {
    this.#target = { host, port };
  }

  /** In front of `host:port`. */
  static async start(endpoint: string, port = 0): Promise<TcpProxy> {
    const [host = '', targetPort = ''] = endpoint.split(':');
    const proxy = new TcpProxy(host, Number(targetPort));
    proxy.#server.listen(port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections open now, both halves counted as one. */
  get open(): number {
    return Math.ceil(this.#sockets.size / 2);
  }

  /** Breaks every connection there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Breaks every connection and takes no more until `allow`. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  allow(): void {
    this.#refusing = false;
    this.#stalling = false;
  }

  /** Breaks every connection; accepts new ones and says nothing on them, ever, `allow` or not. */
  stall(): void {
    this.#stalling = true;
    this.cut();
  }

  /** Passes nothing more on over the connections there are, and keeps them open: for good. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.removeAllListeners('data');
      socket.pause();
    }
  }

  /** Like a cable pulled out: nothing passes, nothing is lost, nobody is told; also on new connections, until `resume`. */
  pause(): void {
    this.#paused = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Every byte, each way, comes so much later from here on. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Breaks the next connection once the server has sent so many bytes through it; then no more. */
  cutAfter(bytes: number): void {
    this.#cutAfterBytes = bytes;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.refuse();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    if (this.#refusing) {
      client.destroy();
      return;
    }
    if (this.#stalling) {
      this.stalled++;
      this.#sockets.add(client);
      client.on('error', () => undefined);
      client.on('close', () => this.#sockets.delete(client));
      return;
    }
    this.served++;
    const server = connect(this.#target);
    const pair = [client, server];
    for (const socket of pair) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const each of pair) each.destroy();
      });
    }
    server.on('data', (chunk: Buffer) => {
      this.#cutAfterBytes -= chunk.length;
      if (this.#cutAfterBytes > 0) return;
      this.#cutAfterBytes = Number.POSITIVE_INFINITY;
      for (const each of pair) each.destroy();
    });
    this.#pass(client, server);
    this.#pass(server, client);
    for (const socket of pair) {
      if (this.#paused) socket.pause();
      else socket.resume();
    }
  }

  /** In order, whatever the delay and however it changes, and no faster than the other side takes it. */
  #pass(from: Socket, to: Socket): void {
    // One queue and one timer: timers of different lengths do not end in the order in which their ends are due.
    const queue: { readonly due: number; readonly action: () => void }[] = [];
    let timer: NodeJS.Timeout | undefined;
    const run = (): void => {
      timer = undefined;
      while (queue[0] !== undefined && queue[0].due <= performance.now()) queue.shift()?.action();
      if (queue[0] !== undefined) timer = setTimeout(run, queue[0].due - performance.now());
    };
    const later = (action: () => void): void => {
      const due = Math.max(performance.now() + this.#delayMs, queue.at(-1)?.due ?? 0);
      queue.push({ due, action });
      if (timer === undefined) run();
    };
    from.on('data', (chunk: Buffer) => {
      later(() => {
        if (to.destroyed || to.write(chunk)) return;
        from.pause();
        to.once('drain', () => {
          if (!this.#paused) from.resume();
        });
      });
    });
    from.on('end', () => later(() => to.end()));
  }
}
