import { createServer, type Server } from 'node:net';

/** Below the range from which the system gives ports to outgoing connections. */
const from = 20_000;
const width = 64;
const blocks = 187;

interface Block {
  /** The next one to hand out. */
  next: number;
  readonly end: number;
}

// Tests run beside each other, each in a process of its own: a port that is merely free may be handed out by two of them.
let block: Promise<Block> | undefined;

/** A port that nobody listens on, and that no other process which asks here is given while this one lives. */
export const freePort = (): Promise<number> => freePortRow(1);

/** The first of `length` such ports in a row, 63 at most. */
export async function freePortRow(length: number): Promise<number> {
  for (;;) {
    block ??= reserveBlock();
    const asked = block;
    const current = await asked;
    const first = current.next;
    if (first + length > current.end) {
      if (block === asked) block = undefined;
      continue;
    }
    current.next += length;
    const row = Array.from({ length }, (_, n) => listening(first + n));
    const servers = await Promise.all(row);
    for (const server of servers) await new Promise((closed) => server?.close(closed) ?? closed(undefined));
    if (servers.every((server) => server !== undefined)) return first;
  }
}

/** Held by listening on its first port, until this process ends in whatever way. */
async function reserveBlock(): Promise<Block> {
  const start = Math.floor(Math.random() * blocks);
  for (let n = 0; n < blocks; n += 1) {
    const first = from + ((start + n) % blocks) * width;
    const guard = await listening(first);
    guard?.unref();
    if (guard) return { next: first + 1, end: first + width };
  }
  throw new Error(`no free ports from ${from} to ${from + blocks * width}`);
}

function listening(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port }, () => resolve(server));
  });
}
