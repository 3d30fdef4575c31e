// Generated from proto/muster/peer/v1 by npm run gen.

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ControlRequest as _muster_peer_v1_ControlRequest, ControlRequest__Output as _muster_peer_v1_ControlRequest__Output } from '../../../muster/peer/v1/ControlRequest.ts';
import type { ControlResponse as _muster_peer_v1_ControlResponse, ControlResponse__Output as _muster_peer_v1_ControlResponse__Output } from '../../../muster/peer/v1/ControlResponse.ts';
import type { ReadRequest as _muster_peer_v1_ReadRequest, ReadRequest__Output as _muster_peer_v1_ReadRequest__Output } from '../../../muster/peer/v1/ReadRequest.ts';
import type { ReadResponse as _muster_peer_v1_ReadResponse, ReadResponse__Output as _muster_peer_v1_ReadResponse__Output } from '../../../muster/peer/v1/ReadResponse.ts';

export interface PeerServiceClient extends grpc.Client {
  Control(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_peer_v1_ControlRequest, _muster_peer_v1_ControlResponse__Output>;
  Control(options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_peer_v1_ControlRequest, _muster_peer_v1_ControlResponse__Output>;
  control(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_peer_v1_ControlRequest, _muster_peer_v1_ControlResponse__Output>;
  control(options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_peer_v1_ControlRequest, _muster_peer_v1_ControlResponse__Output>;
  
  Read(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_peer_v1_ReadRequest, _muster_peer_v1_ReadResponse__Output>;
  Read(options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_peer_v1_ReadRequest, _muster_peer_v1_ReadResponse__Output>;
  read(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_peer_v1_ReadRequest, _muster_peer_v1_ReadResponse__Output>;
  read(options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_peer_v1_ReadRequest, _muster_peer_v1_ReadResponse__Output>;
  
}

export interface PeerServiceHandlers extends grpc.UntypedServiceImplementation {
  Control: grpc.handleBidiStreamingCall<_muster_peer_v1_ControlRequest__Output, _muster_peer_v1_ControlResponse>;
  
  Read: grpc.handleBidiStreamingCall<_muster_peer_v1_ReadRequest__Output, _muster_peer_v1_ReadResponse>;
  
}

export interface PeerServiceDefinition extends grpc.ServiceDefinition {
  Control: MethodDefinition<_muster_peer_v1_ControlRequest, _muster_peer_v1_ControlResponse, _muster_peer_v1_ControlRequest__Output, _muster_peer_v1_ControlResponse__Output>
  Read: MethodDefinition<_muster_peer_v1_ReadRequest, _muster_peer_v1_ReadResponse, _muster_peer_v1_ReadRequest__Output, _muster_peer_v1_ReadResponse__Output>
}
