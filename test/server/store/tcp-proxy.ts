import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A loopback proxy in front of a server, to cut, starve or refuse its connections. */
export class TcpProxy {
  readonly #target: { host: string; port: number };
  readonly #server = createServer({ pauseOnConnect: true }, (client) => this.#serve(client));
  readonly #sockets = new Set<Socket>();
  #refusing = false;
  #stalling = false;
  /** Connections that were accepted while stalling. */
  stalled = 0;
  #cutAfterBytes = Number.POSITIVE_INFINITY;

  private constructor(host: string, port: number) {
    this.#target = { host, port };
  }

  /** In front of `host:port`. */
  static async start(endpoint: string): Promise<TcpProxy> {
    const [host = '', port = ''] = endpoint.split(':');
    const proxy = new TcpProxy(host, Number(port));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
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

  /** Passes nothing more on over the connections there are, and keeps them open. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
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
    client.pipe(server);
    server.pipe(client);
    client.resume();
  }
}
