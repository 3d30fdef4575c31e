// Generated from proto/muster/v1 by npm run gen.

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ConfirmRequest as _muster_v1_ConfirmRequest, ConfirmRequest__Output as _muster_v1_ConfirmRequest__Output } from '../../muster/v1/ConfirmRequest.ts';
import type { ConfirmResponse as _muster_v1_ConfirmResponse, ConfirmResponse__Output as _muster_v1_ConfirmResponse__Output } from '../../muster/v1/ConfirmResponse.ts';
import type { GetClusterRequest as _muster_v1_GetClusterRequest, GetClusterRequest__Output as _muster_v1_GetClusterRequest__Output } from '../../muster/v1/GetClusterRequest.ts';
import type { GetClusterResponse as _muster_v1_GetClusterResponse, GetClusterResponse__Output as _muster_v1_GetClusterResponse__Output } from '../../muster/v1/GetClusterResponse.ts';
import type { GetLeaderRequest as _muster_v1_GetLeaderRequest, GetLeaderRequest__Output as _muster_v1_GetLeaderRequest__Output } from '../../muster/v1/GetLeaderRequest.ts';
import type { GetLeaderResponse as _muster_v1_GetLeaderResponse, GetLeaderResponse__Output as _muster_v1_GetLeaderResponse__Output } from '../../muster/v1/GetLeaderResponse.ts';
import type { GetVersionRequest as _muster_v1_GetVersionRequest, GetVersionRequest__Output as _muster_v1_GetVersionRequest__Output } from '../../muster/v1/GetVersionRequest.ts';
import type { GetVersionResponse as _muster_v1_GetVersionResponse, GetVersionResponse__Output as _muster_v1_GetVersionResponse__Output } from '../../muster/v1/GetVersionResponse.ts';
import type { ListReplicasRequest as _muster_v1_ListReplicasRequest, ListReplicasRequest__Output as _muster_v1_ListReplicasRequest__Output } from '../../muster/v1/ListReplicasRequest.ts';
import type { ListReplicasResponse as _muster_v1_ListReplicasResponse, ListReplicasResponse__Output as _muster_v1_ListReplicasResponse__Output } from '../../muster/v1/ListReplicasResponse.ts';

export interface ClusterServiceClient extends grpc.Client {
  Confirm(argument: _muster_v1_ConfirmRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ConfirmResponse__Output>): grpc.ClientUnaryCall;
  Confirm(argument: _muster_v1_ConfirmRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ConfirmResponse__Output>): grpc.ClientUnaryCall;
  Confirm(argument: _muster_v1_ConfirmRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ConfirmResponse__Output>): grpc.ClientUnaryCall;
  Confirm(argument: _muster_v1_ConfirmRequest, callback: grpc.requestCallback<_muster_v1_ConfirmResponse__Output>): grpc.ClientUnaryCall;
  confirm(argument: _muster_v1_ConfirmRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ConfirmResponse__Output>): grpc.ClientUnaryCall;
  confirm(argument: _muster_v1_ConfirmRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ConfirmResponse__Output>): grpc.ClientUnaryCall;
  confirm(argument: _muster_v1_ConfirmRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ConfirmResponse__Output>): grpc.ClientUnaryCall;
  confirm(argument: _muster_v1_ConfirmRequest, callback: grpc.requestCallback<_muster_v1_ConfirmResponse__Output>): grpc.ClientUnaryCall;
  
  GetCluster(argument: _muster_v1_GetClusterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetClusterResponse__Output>): grpc.ClientUnaryCall;
  GetCluster(argument: _muster_v1_GetClusterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetClusterResponse__Output>): grpc.ClientUnaryCall;
  GetCluster(argument: _muster_v1_GetClusterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetClusterResponse__Output>): grpc.ClientUnaryCall;
  GetCluster(argument: _muster_v1_GetClusterRequest, callback: grpc.requestCallback<_muster_v1_GetClusterResponse__Output>): grpc.ClientUnaryCall;
  getCluster(argument: _muster_v1_GetClusterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetClusterResponse__Output>): grpc.ClientUnaryCall;
  getCluster(argument: _muster_v1_GetClusterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetClusterResponse__Output>): grpc.ClientUnaryCall;
  getCluster(argument: _muster_v1_GetClusterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetClusterResponse__Output>): grpc.ClientUnaryCall;
  getCluster(argument: _muster_v1_GetClusterRequest, callback: grpc.requestCallback<_muster_v1_GetClusterResponse__Output>): grpc.ClientUnaryCall;
  
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
  Confirm: grpc.handleUnaryCall<_muster_v1_ConfirmRequest__Output, _muster_v1_ConfirmResponse>;
  
  GetCluster: grpc.handleUnaryCall<_muster_v1_GetClusterRequest__Output, _muster_v1_GetClusterResponse>;
  
  GetLeader: grpc.handleUnaryCall<_muster_v1_GetLeaderRequest__Output, _muster_v1_GetLeaderResponse>;
  
  GetVersion: grpc.handleUnaryCall<_muster_v1_GetVersionRequest__Output, _muster_v1_GetVersionResponse>;
  
  ListReplicas: grpc.handleUnaryCall<_muster_v1_ListReplicasRequest__Output, _muster_v1_ListReplicasResponse>;
  
}

export interface ClusterServiceDefinition extends grpc.ServiceDefinition {
  Confirm: MethodDefinition<_muster_v1_ConfirmRequest, _muster_v1_ConfirmResponse, _muster_v1_ConfirmRequest__Output, _muster_v1_ConfirmResponse__Output>
  GetCluster: MethodDefinition<_muster_v1_GetClusterRequest, _muster_v1_GetClusterResponse, _muster_v1_GetClusterRequest__Output, _muster_v1_GetClusterResponse__Output>
  GetLeader: MethodDefinition<_muster_v1_GetLeaderRequest, _muster_v1_GetLeaderResponse, _muster_v1_GetLeaderRequest__Output, _muster_v1_GetLeaderResponse__Output>
  GetVersion: MethodDefinition<_muster_v1_GetVersionRequest, _muster_v1_GetVersionResponse, _muster_v1_GetVersionRequest__Output, _muster_v1_GetVersionResponse__Output>
  ListReplicas: MethodDefinition<_muster_v1_ListReplicasRequest, _muster_v1_ListReplicasResponse, _muster_v1_ListReplicasRequest__Output, _muster_v1_ListReplicasResponse__Output>
}
