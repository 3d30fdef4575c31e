import { type CallOptions, type ChannelCredentials, type Client, connectivityState, Metadata } from '@grpc/grpc-js';
import type { ICallable } from 'etcd3';
import { MusterError } from '../../../shared/errors.ts';
import { Endpoint, type EtcdService } from './endpoint.ts';
import { movesOn, storeError } from './store-error.ts';

export interface EndpointsOptions {
  /** `host:port` each. */
  readonly addresses: readonly string[];
  readonly credentials: ChannelCredentials;
  readonly serverName?: string;
  /** Bound of a whole call, the wait for a connection included. */
  readonly deadlineMs: number;
}

type Unary = (
  request: unknown,
  metadata: Metadata,
  options: CallOptions,
  done: (error: unknown, value: unknown) => void,
) => void;

/**
 * What etcd3's clients call through, in place of its connection pool, whose circuit breaker fails for 5 s after etcd is back
 * and whose retries repeat transactions. A call goes out once, on a connection that stands; the one that failed last is
 * left for the next endpoint.
 */
export class Endpoints implements ICallable<Endpoint> {
  readonly callOptionsFactory = undefined;
  readonly #endpoints: readonly Endpoint[];
  readonly #deadlineMs: number;
  #current = 0;
  #closed = false;

  constructor({ addresses, credentials, serverName, deadlineMs }: EndpointsOptions) {
    this.#endpoints = addresses.map((address) => new Endpoint(address, credentials, serverName));
    this.#deadlineMs = deadlineMs;
  }

  /** One unary call; rejects with a MusterError. */
  async exec<Value>(service: string, method: string, params: unknown): Promise<Value> {
    const deadline = Date.now() + this.#deadlineMs;
    const endpoint = await this.#pick();
    const client = endpoint.client(service as EtcdService);
    const call = (client as unknown as Record<string, Unary>)[method] as Unary;
    return new Promise<Value>((resolve, reject) => {
      call.call(client, params, new Metadata(), { deadline }, (error, value) => {
        if (error === null || error === undefined) return resolve(value as Value);
        this.markFailed(endpoint, error as Error);
        reject(storeError(error as Error, endpoint.address));
      });
    });
  }

  /** For streams. They end when the member loses its leader, so that nobody waits on one that knows nothing new. */
  async withConnection<Result>(
    service: string,
    use: (connection: { resource: Endpoint; client: Client; metadata: Metadata }) => Promise<Result> | Result,
  ): Promise<Result> {
    const endpoint = await this.#pick();
    const metadata = new Metadata();
    metadata.set('hasleader', 'true');
    return use({ resource: endpoint, client: endpoint.client(service as EtcdService), metadata });
  }

  /** Moves on to the next endpoint where the error is one of the connection. */
  markFailed(endpoint: Endpoint, error: Error): void {
    if (movesOn(error) && this.#endpoints[this.#current] === endpoint) {
      this.#current = (this.#current + 1) % this.#endpoints.length;
    }
  }

  close(): void {
    this.#closed = true;
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  /** The current endpoint if it is connected, else whichever is first; the current one after all where none comes up. */
  async #pick(): Promise<Endpoint> {
    if (this.#closed) throw new MusterError('STORE_UNAVAILABLE', 'the store is closed');
    const { length } = this.#endpoints;
    const fromCurrent = this.#endpoints.map((_, n) => this.#endpoints[(this.#current + n) % length] as Endpoint);
    const connected = fromCurrent.find(({ state }) => state === connectivityState.READY);
    if (connected !== undefined) return this.#stay(connected);
    try {
      return this.#stay(await Promise.any(fromCurrent.map((endpoint) => endpoint.ready(this.#deadlineMs * 0.75))));
    } catch {
      if (this.#closed) throw new MusterError('STORE_UNAVAILABLE', 'the store is closed');
      for (const endpoint of this.#endpoints) endpoint.rebuildIfStuck(performance.now());
      // Its call fails at once, and says why.
      return fromCurrent[0] as Endpoint;
    }
  }

  #stay(endpoint: Endpoint): Endpoint {
    this.#current = this.#endpoints.indexOf(endpoint);
    return endpoint;
  }
}
