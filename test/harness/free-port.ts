import { createServer } from 'node:net';

/** A port that nobody listens on, below the range that the system gives to outgoing connections. */
export function freePort(): Promise<number> {
  const candidate = 20_000 + Math.floor(Math.random() * 12_000);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(freePort()));
    server.listen({ host: '127.0.0.1', port: candidate }, () => server.close(() => resolve(candidate)));
  });
}
