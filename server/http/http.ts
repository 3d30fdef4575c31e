import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatAddress, requireLoopback } from '../../shared/address.ts';
import { invalidField } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Metrics } from '../../shared/metrics.ts';

export interface HttpOptions {
  /** `host:port`, loopback; port 0 takes a free one. */
  readonly address: string;
  readonly metrics: Pick<Metrics, 'render'>;
  /** Why the replica should get no calls now, in a few words each; none = ready. */
  readonly ready: () => readonly string[];
  readonly log: Pick<Log, 'error'>;
}

export interface Http {
  /** Where it listens, with the port it got. */
  readonly address: string;
  /** Stops listening and ends what is open. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Serves `/metrics` (Prometheus), `/healthz` (the process answers) and `/readyz` (it can do its work) on a port of its own.
 * Rejects with INVALID_FIELD `--http` where the address is not loopback or can't be listened on.
 */
export async function startHttp(options: HttpOptions): Promise<Http> {
  const { host, port } = requireLoopback('--http', options.address);
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    void answer(request, options).then((answered) => send(request, response, answered));
  });
  server.maxConnections = 256;
  await listen(server, host, port, options.address);
  return {
    address: formatAddress({ host, port: (server.address() as AddressInfo).port }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Never rejects. */
async function answer(request: IncomingMessage, { metrics, ready, log }: HttpOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET and HEAD\n');
  const path = (request.url ?? '').split('?', 1)[0];
  try {
    switch (path) {
      case '/healthz':
        return plain(200, 'ok\n');
      case '/readyz': {
        const reasons = ready();
        return reasons.length === 0 ? plain(200, 'ready\n') : plain(503, `not ready: ${reasons.join('; ')}\n`);
      }
      case '/metrics':
        return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await metrics.render() };
      default:
        return plain(404, 'there are /metrics, /healthz and /readyz\n');
    }
  } catch (error) {
    log.error({ err: error, 'http.path': path }, 'an HTTP request failed');
    return plain(500, 'internal error; the replica’s log has it\n');
  }
}

const plain = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function listen(server: Server, host: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(invalidField('--http', `can't listen on ${address}: ${error.message}`)));
    server.listen({ host, port }, resolve);
  });
}
