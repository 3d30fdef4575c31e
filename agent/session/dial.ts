import { type ChannelCredentials, type Client, type ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ConnectResponse__Output } from '../../proto/gen/muster/v1/ConnectResponse.ts';
import { dialServer } from '../../shared/rpc/dial.ts';
import { serviceDefinition } from '../../shared/rpc/proto.ts';

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
  const { dialTimeoutMs: timeoutMs, keepaliveIntervalMs, keepaliveTimeoutMs } = settings;
  const keepalive = { keepaliveIntervalMs, keepaliveTimeoutMs };
  const { client } = await dialServer({
    ...{ server, credentials, timeoutMs, signal },
    ...{ ...keepalive, maxMessageBytes: maxFrameBytes },
  });
  return client;
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
