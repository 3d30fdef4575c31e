import type { ChannelOptions, MethodDefinition } from '@grpc/grpc-js';

type BareMethod = MethodDefinition<Buffer, Buffer>;

const same = (bytes: Buffer): Buffer => bytes;

const method = (name: string, requestStream: boolean, responseStream: boolean): BareMethod => ({
  path: `/bench.Bare/${name}`,
  ...{ requestStream, responseStream },
  ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
});

/** grpc-js with nothing around it: bytes in, bytes out. */
export const bareService = {
  /** An agent's stream. */
  Attach: method('Attach', true, true),
  /** An order from a client; answered by every agent's result. */
  Order: method('Order', false, true),
  /** Output of one agent, to a client; the request is how many bytes, as text. */
  Read: method('Read', false, true),
};

/** As the real agent's channel has them. */
export const agentChannelOptions: ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.per_rpc_retry_buffer_size': 0,
  'grpc.enable_channelz': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.keepalive_time_ms': 15_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_send_message_length': 1024 * 1024,
  'grpc.max_receive_message_length': 1024 * 1024,
};

/** As a replica's server has them. */
export const serverOptions: ChannelOptions = {
  'grpc.max_receive_message_length': 24 * 1024 * 1024,
  'grpc.max_send_message_length': 24 * 1024 * 1024,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
};

/** What the first byte of an encoded frame to an agent says it is: its protobuf field. */
export const frameTags = { welcome: 0x0a, start: 0x12, read: 0x22 } as const;
