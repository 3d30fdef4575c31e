import { createRequire } from 'node:module';
import {
  type ChannelCredentials,
  Client,
  connectivityState,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** The etcd services that the driver calls. */
export type EtcdService = 'KV' | 'Watch' | 'Lease';

const require = createRequire(import.meta.url);
const protos = loadPackageDefinition(
  loadSync(require.resolve('etcd3/proto/rpc.proto'), {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  }),
).etcdserverpb as GrpcObject;

const channelOptions = {
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  // etcd closes connections that ping more often than every 5 s, or without a call.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 250,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  // A channel built anew must not inherit the connection that hangs.
  'grpc.use_local_subchannel_pool': 1,
};

const connectWithinMs = 3000;

/** One etcd member: a channel, and the clients on it. */
export class Endpoint {
  /** `host:port`. */
  readonly address: string;
  readonly #credentials: ChannelCredentials;
  readonly #serverName: string | undefined;
  #clients = new Map<EtcdService, Client>();
  #channel: Client;
  #connectingSinceMs: number | undefined;

  constructor(address: string, credentials: ChannelCredentials, serverName: string | undefined) {
    this.address = address;
    this.#credentials = credentials;
    this.#serverName = serverName;
    this.#channel = this.#build();
  }

  /** Asks for a connection where there is none. */
  get state(): connectivityState {
    return this.#channel.getChannel().getConnectivityState(true);
  }

  client(service: EtcdService): Client {
    const known = this.#clients.get(service);
    if (known !== undefined) return known;
    const ClientOf = protos[service] as ServiceClientConstructor;
    const client = new ClientOf(this.address, this.#credentials, { channelOverride: this.#channel.getChannel() });
    this.#clients.set(service, client);
    return client;
  }

  /** Rejects where there is no connection `waitMs` from now. */
  ready(waitMs: number): Promise<this> {
    return new Promise((resolve, reject) => {
      const settled = (error: Error | undefined): void => (error === undefined ? resolve(this) : reject(error));
      this.#channel.waitForReady(Date.now() + waitMs, settled);
    });
  }

  /** Call when a wait was in vain: grpc-js waits for ever for a peer that accepts and stays silent; we begin anew. */
  rebuildIfStuck(nowMs: number): void {
    if (this.state !== connectivityState.CONNECTING) {
      this.#connectingSinceMs = undefined;
      return;
    }
    this.#connectingSinceMs ??= nowMs;
    if (nowMs - this.#connectingSinceMs < connectWithinMs) return;
    this.#connectingSinceMs = undefined;
    this.#channel.close();
    this.#clients = new Map();
    this.#channel = this.#build();
  }

  close(): void {
    this.#channel.close();
  }

  #build(): Client {
    const override = this.#serverName !== undefined && { 'grpc.ssl_target_name_override': this.#serverName };
    return new Client(this.address, this.#credentials, { ...channelOptions, ...override });
  }
}
