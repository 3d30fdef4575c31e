import {
  type ChannelOptions,
  Client,
  type ClientReadableStream,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { MusterError } from '../errors.ts';
import { fromServiceError } from './status.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a handler is given is of no concern to a caller
export type Method<Request, Response> = MethodDefinition<Request, any, any, Response>;

export interface RpcClientOptions {
  /** `host:port` of one replica or several, at least one; whichever answers is used until it fails. */
  readonly servers: readonly string[];
  /** How long a connection may take, per server, in ms. */
  readonly connectTimeoutMs?: number;
  /** Where in the list to begin; at random where not given, so that clients spread. */
  readonly startAt?: number;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: Metadata;
}

const channelOptions: ChannelOptions = {
  // A replica that stays silent is noticed in 15 s; only while a call is open.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  // Pages of jobs carry whole orders, of up to 512 KiB.
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.max_send_message_length': 64 * 1024 * 1024,
  // Repeating is decided by whoever calls, who knows what may be repeated.
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.enable_http_proxy': 0,
  // Otherwise a new channel inherits the back-off of the one that failed.
  'grpc.use_local_subchannel_pool': 1,
  'grpc-node.flow_control_window': 1024 * 1024,
};

/**
 * Calls to the control plane: to one replica at a time, of a list. A call that fails because its replica is gone throws
 * UNAVAILABLE, and the next one goes to the next replica; nothing is repeated here. Errors are MusterErrors. Close it.
 */
export class RpcClient {
  readonly #servers: readonly string[];
  readonly #connectTimeoutMs: number;
  #at: number;
  #client: Client | undefined;
  #closed = false;

  constructor(options: RpcClientOptions) {
    if (options.servers.length === 0) throw new RangeError('no server');
    this.#servers = options.servers;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
    this.#at = options.startAt ?? Math.floor(Math.random() * options.servers.length);
  }

  /** The server in use. */
  get server(): string {
    return this.#servers[this.#at % this.#servers.length] as string;
  }

  /** How many servers there are to go to. */
  get servers(): number {
    return this.#servers.length;
  }

  /** A unary call. Times out (UNAVAILABLE) after 10 s unless told otherwise. */
  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const client = await this.#connected(options.signal);
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const call = client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        options.metadata ?? new Metadata(),
        { deadline: Date.now() + (options.timeoutMs ?? 10_000) },
        (error, response) => {
          signal?.removeEventListener('abort', cancel);
          if (error === null && response !== undefined) return resolve(response as Response);
          reject(signal?.aborted ? (signal.reason as Error) : this.#failed(client, error as ServiceError));
        },
      );
      const cancel = (): void => call.cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** A call that the server answers with a stream, read as fast as the caller takes it. Leaving the loop cancels it. */
  async *stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): AsyncGenerator<Response, void, void> {
    const client = await this.#connected(options.signal);
    const { signal, timeoutMs } = options;
    const call: ClientReadableStream<Response> = client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      options.metadata ?? new Metadata(),
      timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
    );
    // The loop below sees the error too; this listener is for the one that a cancel brings when the loop is left.
    call.on('error', () => {});
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for await (const response of call) yield response as Response;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw isServiceError(error) ? this.#failed(client, error) : error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  /** Ends what is open. */
  close(): void {
    this.#closed = true;
    this.#drop(this.#client);
  }

  /** A client of a replica that could be reached, trying each once; the last one's own error comes from the call. */
  async #connected(signal: AbortSignal | undefined): Promise<Client> {
    signal?.throwIfAborted();
    if (this.#closed) throw new MusterError('REPLICA_UNAVAILABLE', 'the client is closed');
    for (let left = this.#servers.length; ; left -= 1) {
      this.#client ??= new Client(this.server, credentials.createInsecure(), channelOptions);
      const client = this.#client;
      const state = await reached(client, this.#connectTimeoutMs, signal);
      if (state === 'ready' || (state === 'refused' && left === 1)) return client;
      const { server } = this;
      this.#drop(client);
      if (left > 1) continue;
      throw new MusterError('REPLICA_UNAVAILABLE', `${server} did not answer within ${this.#connectTimeoutMs} ms`);
    }
  }

  #failed(client: Client, error: ServiceError): MusterError {
    const known = fromServiceError(error);
    if (!isLoss(error)) return known;
    const { server } = this;
    this.#drop(client);
    // The replica itself said so, and why.
    if (known.reason !== 'REPLICA_UNAVAILABLE' && error.code === status.UNAVAILABLE) return known;
    const text = error.details
      .replace(/^No connection established\. Last error: /, '')
      .replace(/^Error: |\. Resolution note: $/g, '');
    return new MusterError('REPLICA_UNAVAILABLE', `${server}: ${text}`, { cause: error });
  }

  /** Forgets a client that failed, so that the next call dials the next replica. */
  #drop(client: Client | undefined): void {
    client?.close();
    if (client === undefined || client !== this.#client) return;
    this.#client = undefined;
    this.#at += 1;
  }
}

/**
 * Whether the replica is gone rather than of another opinion. A server that is shut down by force resets its streams, which
 * arrives as CANCELLED, or as INTERNAL with the bare code; who cancels here never asks.
 */
const isLoss = ({ code, details }: ServiceError): boolean =>
  code === status.UNAVAILABLE ||
  code === status.DEADLINE_EXCEEDED ||
  code === status.CANCELLED ||
  (code === status.INTERNAL && details.startsWith('Received RST_STREAM'));

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;

/**
 * Waits for the channel to be ready or refused. A peer that takes the connection and stays silent would leave it CONNECTING
 * for ever, hence the time limit.
 */
async function reached(
  client: Client,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<'ready' | 'refused' | 'silent'> {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) return 'ready';
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return 'refused';
    const changed = await new Promise<boolean>((resolve, reject) => {
      const abort = (): void => reject(signal?.reason as Error);
      signal?.addEventListener('abort', abort, { once: true });
      channel.watchConnectivityState(state, deadline, (error) => {
        signal?.removeEventListener('abort', abort);
        resolve(error === undefined);
      });
    });
    if (!changed) return 'silent';
  }
}
