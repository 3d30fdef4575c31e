import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Address, formatAddress } from '../../shared/address.ts';

/** Accepts connections on every address that a name stands for, with one port, and reads nothing of them. */
export class Listener {
  readonly #connection: (socket: Socket) => void;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #address = '';

  constructor({ connection }: { connection: (socket: Socket) => void }) {
    this.#connection = connection;
  }

  /** As it was asked for, with the port it got. */
  get address(): string {
    return this.#address;
  }

  /** Rejects with the system's error where none of the addresses can be listened on. */
  async listen({ host, port }: Address): Promise<void> {
    let bound = port;
    let failed: unknown;
    for (const { address } of await lookup(host, { all: true })) {
      try {
        bound = await this.#bind(address, bound);
      } catch (error) {
        failed = error;
      }
    }
    if (this.#servers.length === 0) throw failed;
    this.#address = formatAddress({ host, port: bound });
  }

  /** Accepts nothing more. */
  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  /** Ends every connection that it accepted. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accepted(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#connection(socket);
  }

  async #bind(host: string, port: number): Promise<number> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accepted(socket));
    server.listen({ host, port });
    await once(server, 'listening');
    // What can't be accepted (descriptors run out) is tried again by the kernel.
    server.on('error', () => {});
    this.#servers.push(server);
    return (server.address() as { port: number }).port;
  }
}
