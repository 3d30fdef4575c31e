import { type ChannelCredentials, type ChannelOptions, Client, connectivityState } from '@grpc/grpc-js';
import { OwnedSockets } from './owned-sockets.ts';

export interface DialOptions {
  /** `host:port`. */
  readonly server: string;
  readonly credentials: ChannelCredentials;
  /** A server that takes the connection and stays silent is given up after so long. */
  readonly timeoutMs: number;
  readonly maxMessageBytes: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly channel?: ChannelOptions;
  readonly signal: AbortSignal;
}

/** One connection to one server, shared with nobody. */
export interface Dialled {
  readonly client: Client;
  /** Ends the connection and every call on it, at once. */
  destroy(): void;
}

/** A channel of its own to one server, connected. Rejects, with the channel closed, where that fails or takes too long. */
export async function dialServer(options: DialOptions): Promise<Dialled> {
  const { server, signal } = options;
  signal.throwIfAborted();
  const sockets = new OwnedSockets({ credentials: options.credentials });
  const client = new Client(server, sockets, {
    // One HTTP/2 connection is one fate: share none.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.per_rpc_retry_buffer_size': 0,
    'grpc.enable_channelz': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.keepalive_time_ms': options.keepaliveIntervalMs,
    'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs,
    'grpc.max_send_message_length': options.maxMessageBytes,
    'grpc.max_receive_message_length': options.maxMessageBytes,
    ...options.channel,
  });
  const destroy = (): void => {
    client.close();
    sockets.destroy();
  };
  try {
    await untilReady(client, server, options.timeoutMs, signal);
    return { client, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}

/** grpc-js would stay CONNECTING for ever where a peer takes the connection and says nothing, and retries on its own. */
async function untilReady(client: Client, server: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) return;
    if (state === connectivityState.TRANSIENT_FAILURE) throw new Error(`${server} can't be reached`);
    if (state === connectivityState.SHUTDOWN) throw new Error(`the channel to ${server} is closed`);
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', abort, { once: true });
      channel.watchConnectivityState(state, deadline, (error) => {
        signal.removeEventListener('abort', abort);
        if (error) reject(new Error(`${server} does not answer within ${timeoutMs} ms`));
        else resolve();
      });
    });
    signal.throwIfAborted();
  }
}
