// Generated from proto/muster/v1 by npm run gen.

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetLeaderRequest as _muster_v1_GetLeaderRequest, GetLeaderRequest__Output as _muster_v1_GetLeaderRequest__Output } from '../../muster/v1/GetLeaderRequest.ts';
import type { GetLeaderResponse as _muster_v1_GetLeaderResponse, GetLeaderResponse__Output as _muster_v1_GetLeaderResponse__Output } from '../../muster/v1/GetLeaderResponse.ts';
import type { GetVersionRequest as _muster_v1_GetVersionRequest, GetVersionRequest__Output as _muster_v1_GetVersionRequest__Output } from '../../muster/v1/GetVersionRequest.ts';
import type { GetVersionResponse as _muster_v1_GetVersionResponse, GetVersionResponse__Output as _muster_v1_GetVersionResponse__Output } from '../../muster/v1/GetVersionResponse.ts';
import type { ListReplicasRequest as _muster_v1_ListReplicasRequest, ListReplicasRequest__Output as _muster_v1_ListReplicasRequest__Output } from '../../muster/v1/ListReplicasRequest.ts';
import type { ListReplicasResponse as _muster_v1_ListReplicasResponse, ListReplicasResponse__Output as _muster_v1_ListReplicasResponse__Output } from '../../muster/v1/ListReplicasResponse.ts';

export interface ClusterServiceClient extends grpc.Client {
  GetLeader(argument: _muster_v1_GetLeaderRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetLeaderResponse__Output>): grpc.ClientUnaryCall;
  GetLeader(argument: _muster_v1_GetLeaderRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetLeaderResponse__Output>): grpc.ClientUnaryCall;
  GetLeader(argument: _muster_v1_GetLeaderRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetLeaderResponse__Output>): grpc.ClientUnaryCall;
  GetLeader(argument: _muster_v1_GetLeaderRequest, callback: grpc.requestCallback<_muster_v1_GetLeaderResponse__Output>): grpc.ClientUnaryCall;
  getLeader(argument: _muster_v1_GetLeaderRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetLeaderResponse__Output>): grpc.ClientUnaryCall;
  getLeader(argument: _muster_v1_GetLeaderRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetLeaderResponse__Output>): grpc.ClientUnaryCall;
  getLeader(argument: _muster_v1_GetLeaderRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetLeaderResponse__Output>): grpc.ClientUnaryCall;
  getLeader(argument: _muster_v1_GetLeaderRequest, callback: grpc.requestCallback<_muster_v1_GetLeaderResponse__Output>): grpc.ClientUnaryCall;
  
  GetVersion(argument: _muster_v1_GetVersionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetVersionResponse__Output>): grpc.ClientUnaryCall;
  GetVersion(argument: _muster_v1_GetVersionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetVersionResponse__Output>): grpc.ClientUnaryCall;
  GetVersion(argument: _muster_v1_GetVersionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetVersionResponse__Output>): grpc.ClientUnaryCall;
  GetVersion(argument: _muster_v1_GetVersionRequest, callback: grpc.requestCallback<_muster_v1_GetVersionResponse__Output>): grpc.ClientUnaryCall;
  getVersion(argument: _muster_v1_GetVersionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetVersionResponse__Output>): grpc.ClientUnaryCall;
  getVersion(argument: _muster_v1_GetVersionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetVersionResponse__Output>): grpc.ClientUnaryCall;
  getVersion(argument: _muster_v1_GetVersionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetVersionResponse__Output>): grpc.ClientUnaryCall;
  getVersion(argument: _muster_v1_GetVersionRequest, callback: grpc.requestCallback<_muster_v1_GetVersionResponse__Output>): grpc.ClientUnaryCall;
  
  ListReplicas(argument: _muster_v1_ListReplicasRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListReplicasResponse__Output>): grpc.ClientUnaryCall;
  ListReplicas(argument: _muster_v1_ListReplicasRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ListReplicasResponse__Output>): grpc.ClientUnaryCall;
  ListReplicas(argument: _muster_v1_ListReplicasRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListReplicasResponse__Output>): grpc.ClientUnaryCall;
  ListReplicas(argument: _muster_v1_ListReplicasRequest, callback: grpc.requestCallback<_muster_v1_ListReplicasResponse__Output>): grpc.ClientUnaryCall;
  listReplicas(argument: _muster_v1_ListReplicasRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListReplicasResponse__Output>): grpc.ClientUnaryCall;
  listReplicas(argument: _muster_v1_ListReplicasRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ListReplicasResponse__Output>): grpc.ClientUnaryCall;
  listReplicas(argument: _muster_v1_ListReplicasRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListReplicasResponse__Output>): grpc.ClientUnaryCall;
  listReplicas(argument: _muster_v1_ListReplicasRequest, callback: grpc.requestCallback<_muster_v1_ListReplicasResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface ClusterServiceHandlers extends grpc.UntypedServiceImplementation {
  GetLeader: grpc.handleUnaryCall<_muster_v1_GetLeaderRequest__Output, _muster_v1_GetLeaderResponse>;
  
  GetVersion: grpc.handleUnaryCall<_muster_v1_GetVersionRequest__Output, _muster_v1_GetVersionResponse>;
  
  ListReplicas: grpc.handleUnaryCall<_muster_v1_ListReplicasRequest__Output, _muster_v1_ListReplicasResponse>;
  
}

export interface ClusterServiceDefinition extends grpc.ServiceDefinition {
  GetLeader: MethodDefinition<_muster_v1_GetLeaderRequest, _muster_v1_GetLeaderResponse, _muster_v1_GetLeaderRequest__Output, _muster_v1_GetLeaderResponse__Output>
  GetVersion: MethodDefinition<_muster_v1_GetVersionRequest, _muster_v1_GetVersionResponse, _muster_v1_GetVersionRequest__Output, _muster_v1_GetVersionResponse__Output>
  ListReplicas: MethodDefinition<_muster_v1_ListReplicasRequest, _muster_v1_ListReplicasResponse, _muster_v1_ListReplicasRequest__Output, _muster_v1_ListReplicasResponse__Output>
}
