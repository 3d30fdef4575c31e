import { type ChannelCredentials, Client, type ClientDuplexStream, connectivityState, Metadata } from '@grpc/grpc-js';
import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ConnectResponse__Output } from '../../proto/gen/muster/v1/ConnectResponse.ts';
import { serviceDefinition } from '../../shared/rpc/proto.ts';
import { OwnedSockets } from './owned-sockets.ts';

export type ConnectStream = ClientDuplexStream<ConnectRequest, ConnectResponse__Output>;

export interface DialSettings {
  /** A server that takes the connection and stays silent is given up after so long. */
  readonly dialTimeoutMs: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
}

const maxFrameBytes = 1024 * 1024;

/** A channel of its own to one replica, connected. Rejects, with the channel closed, where that fails or takes too long. */
export async function dial(
  server: string,
  credentials: ChannelCredentials,
  settings: DialSettings,
  signal: AbortSignal,
): Promise<Client> {
  signal.throwIfAborted();
  const sockets = new OwnedSockets({ credentials });
  const client = new Client(server, sockets, {
    // One HTTP/2 connection is one fate: share none.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.per_rpc_retry_buffer_size': 0,
    'grpc.enable_channelz': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.keepalive_time_ms': settings.keepaliveIntervalMs,
    'grpc.keepalive_timeout_ms': settings.keepaliveTimeoutMs,
    'grpc.max_send_message_length': maxFrameBytes,
    'grpc.max_receive_message_length': maxFrameBytes,
  });
  try {
    await untilReady(client, server, settings.dialTimeoutMs, signal);
    return client;
  } catch (error) {
    client.close();
    sockets.destroy();
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

/** Opens the stream of a session. Attach listeners before anything is written. */
export function openStream(client: Client): ConnectStream {
  const method = serviceDefinition('muster.v1.AgentService').Connect;
  if (method === undefined) throw new Error('no method Connect');
  return client.makeBidiStreamRequest<ConnectRequest, ConnectResponse__Output>(
    method.path,
    method.requestSerialize as (frame: ConnectRequest) => Buffer,
    method.responseDeserialize as (bytes: Buffer) => ConnectResponse__Output,
    new Metadata(),
  );
}
