// Generated from proto/muster/v1 by npm run gen.

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ConnectRequest as _muster_v1_ConnectRequest, ConnectRequest__Output as _muster_v1_ConnectRequest__Output } from '../../muster/v1/ConnectRequest.ts';
import type { ConnectResponse as _muster_v1_ConnectResponse, ConnectResponse__Output as _muster_v1_ConnectResponse__Output } from '../../muster/v1/ConnectResponse.ts';

export interface AgentServiceClient extends grpc.Client {
  Connect(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_v1_ConnectRequest, _muster_v1_ConnectResponse__Output>;
  Connect(options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_v1_ConnectRequest, _muster_v1_ConnectResponse__Output>;
  connect(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_v1_ConnectRequest, _muster_v1_ConnectResponse__Output>;
  connect(options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_v1_ConnectRequest, _muster_v1_ConnectResponse__Output>;
  
}

export interface AgentServiceHandlers extends grpc.UntypedServiceImplementation {
  Connect: grpc.handleBidiStreamingCall<_muster_v1_ConnectRequest__Output, _muster_v1_ConnectResponse>;
  
}

export interface AgentServiceDefinition extends grpc.ServiceDefinition {
  Connect: MethodDefinition<_muster_v1_ConnectRequest, _muster_v1_ConnectResponse, _muster_v1_ConnectRequest__Output, _muster_v1_ConnectResponse__Output>
}
