// Generated from proto/muster/v1 by npm run gen.

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CordonRequest as _muster_v1_CordonRequest, CordonRequest__Output as _muster_v1_CordonRequest__Output } from '../../muster/v1/CordonRequest.ts';
import type { CordonResponse as _muster_v1_CordonResponse, CordonResponse__Output as _muster_v1_CordonResponse__Output } from '../../muster/v1/CordonResponse.ts';
import type { GetNodeRequest as _muster_v1_GetNodeRequest, GetNodeRequest__Output as _muster_v1_GetNodeRequest__Output } from '../../muster/v1/GetNodeRequest.ts';
import type { GetNodeResponse as _muster_v1_GetNodeResponse, GetNodeResponse__Output as _muster_v1_GetNodeResponse__Output } from '../../muster/v1/GetNodeResponse.ts';
import type { ListNodesRequest as _muster_v1_ListNodesRequest, ListNodesRequest__Output as _muster_v1_ListNodesRequest__Output } from '../../muster/v1/ListNodesRequest.ts';
import type { ListNodesResponse as _muster_v1_ListNodesResponse, ListNodesResponse__Output as _muster_v1_ListNodesResponse__Output } from '../../muster/v1/ListNodesResponse.ts';
import type { RemoveNodeRequest as _muster_v1_RemoveNodeRequest, RemoveNodeRequest__Output as _muster_v1_RemoveNodeRequest__Output } from '../../muster/v1/RemoveNodeRequest.ts';
import type { RemoveNodeResponse as _muster_v1_RemoveNodeResponse, RemoveNodeResponse__Output as _muster_v1_RemoveNodeResponse__Output } from '../../muster/v1/RemoveNodeResponse.ts';
import type { SetLabelsRequest as _muster_v1_SetLabelsRequest, SetLabelsRequest__Output as _muster_v1_SetLabelsRequest__Output } from '../../muster/v1/SetLabelsRequest.ts';
import type { SetLabelsResponse as _muster_v1_SetLabelsResponse, SetLabelsResponse__Output as _muster_v1_SetLabelsResponse__Output } from '../../muster/v1/SetLabelsResponse.ts';
import type { UncordonRequest as _muster_v1_UncordonRequest, UncordonRequest__Output as _muster_v1_UncordonRequest__Output } from '../../muster/v1/UncordonRequest.ts';
import type { UncordonResponse as _muster_v1_UncordonResponse, UncordonResponse__Output as _muster_v1_UncordonResponse__Output } from '../../muster/v1/UncordonResponse.ts';
import type { WatchNodesRequest as _muster_v1_WatchNodesRequest, WatchNodesRequest__Output as _muster_v1_WatchNodesRequest__Output } from '../../muster/v1/WatchNodesRequest.ts';
import type { WatchNodesResponse as _muster_v1_WatchNodesResponse, WatchNodesResponse__Output as _muster_v1_WatchNodesResponse__Output } from '../../muster/v1/WatchNodesResponse.ts';

export interface NodeServiceClient extends grpc.Client {
  Cordon(argument: _muster_v1_CordonRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_CordonResponse__Output>): grpc.ClientUnaryCall;
  Cordon(argument: _muster_v1_CordonRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_CordonResponse__Output>): grpc.ClientUnaryCall;
  Cordon(argument: _muster_v1_CordonRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_CordonResponse__Output>): grpc.ClientUnaryCall;
  Cordon(argument: _muster_v1_CordonRequest, callback: grpc.requestCallback<_muster_v1_CordonResponse__Output>): grpc.ClientUnaryCall;
  cordon(argument: _muster_v1_CordonRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_CordonResponse__Output>): grpc.ClientUnaryCall;
  cordon(argument: _muster_v1_CordonRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_CordonResponse__Output>): grpc.ClientUnaryCall;
  cordon(argument: _muster_v1_CordonRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_CordonResponse__Output>): grpc.ClientUnaryCall;
  cordon(argument: _muster_v1_CordonRequest, callback: grpc.requestCallback<_muster_v1_CordonResponse__Output>): grpc.ClientUnaryCall;
  
  GetNode(argument: _muster_v1_GetNodeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetNodeResponse__Output>): grpc.ClientUnaryCall;
  GetNode(argument: _muster_v1_GetNodeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetNodeResponse__Output>): grpc.ClientUnaryCall;
  GetNode(argument: _muster_v1_GetNodeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetNodeResponse__Output>): grpc.ClientUnaryCall;
  GetNode(argument: _muster_v1_GetNodeRequest, callback: grpc.requestCallback<_muster_v1_GetNodeResponse__Output>): grpc.ClientUnaryCall;
  getNode(argument: _muster_v1_GetNodeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetNodeResponse__Output>): grpc.ClientUnaryCall;
  getNode(argument: _muster_v1_GetNodeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetNodeResponse__Output>): grpc.ClientUnaryCall;
  getNode(argument: _muster_v1_GetNodeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetNodeResponse__Output>): grpc.ClientUnaryCall;
  getNode(argument: _muster_v1_GetNodeRequest, callback: grpc.requestCallback<_muster_v1_GetNodeResponse__Output>): grpc.ClientUnaryCall;
  
  ListNodes(argument: _muster_v1_ListNodesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListNodesResponse__Output>): grpc.ClientUnaryCall;
  ListNodes(argument: _muster_v1_ListNodesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ListNodesResponse__Output>): grpc.ClientUnaryCall;
  ListNodes(argument: _muster_v1_ListNodesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListNodesResponse__Output>): grpc.ClientUnaryCall;
  ListNodes(argument: _muster_v1_ListNodesRequest, callback: grpc.requestCallback<_muster_v1_ListNodesResponse__Output>): grpc.ClientUnaryCall;
  listNodes(argument: _muster_v1_ListNodesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListNodesResponse__Output>): grpc.ClientUnaryCall;
  listNodes(argument: _muster_v1_ListNodesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ListNodesResponse__Output>): grpc.ClientUnaryCall;
  listNodes(argument: _muster_v1_ListNodesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListNodesResponse__Output>): grpc.ClientUnaryCall;
  listNodes(argument: _muster_v1_ListNodesRequest, callback: grpc.requestCallback<_muster_v1_ListNodesResponse__Output>): grpc.ClientUnaryCall;
  
  RemoveNode(argument: _muster_v1_RemoveNodeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_RemoveNodeResponse__Output>): grpc.ClientUnaryCall;
  RemoveNode(argument: _muster_v1_RemoveNodeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_RemoveNodeResponse__Output>): grpc.ClientUnaryCall;
  RemoveNode(argument: _muster_v1_RemoveNodeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_RemoveNodeResponse__Output>): grpc.ClientUnaryCall;
  RemoveNode(argument: _muster_v1_RemoveNodeRequest, callback: grpc.requestCallback<_muster_v1_RemoveNodeResponse__Output>): grpc.ClientUnaryCall;
  removeNode(argument: _muster_v1_RemoveNodeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_RemoveNodeResponse__Output>): grpc.ClientUnaryCall;
  removeNode(argument: _muster_v1_RemoveNodeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_RemoveNodeResponse__Output>): grpc.ClientUnaryCall;
  removeNode(argument: _muster_v1_RemoveNodeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_RemoveNodeResponse__Output>): grpc.ClientUnaryCall;
  removeNode(argument: _muster_v1_RemoveNodeRequest, callback: grpc.requestCallback<_muster_v1_RemoveNodeResponse__Output>): grpc.ClientUnaryCall;
  
  SetLabels(argument: _muster_v1_SetLabelsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_SetLabelsResponse__Output>): grpc.ClientUnaryCall;
  SetLabels(argument: _muster_v1_SetLabelsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_SetLabelsResponse__Output>): grpc.ClientUnaryCall;
  SetLabels(argument: _muster_v1_SetLabelsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_SetLabelsResponse__Output>): grpc.ClientUnaryCall;
  SetLabels(argument: _muster_v1_SetLabelsRequest, callback: grpc.requestCallback<_muster_v1_SetLabelsResponse__Output>): grpc.ClientUnaryCall;
  setLabels(argument: _muster_v1_SetLabelsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_SetLabelsResponse__Output>): grpc.ClientUnaryCall;
  setLabels(argument: _muster_v1_SetLabelsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_SetLabelsResponse__Output>): grpc.ClientUnaryCall;
  setLabels(argument: _muster_v1_SetLabelsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_SetLabelsResponse__Output>): grpc.ClientUnaryCall;
  setLabels(argument: _muster_v1_SetLabelsRequest, callback: grpc.requestCallback<_muster_v1_SetLabelsResponse__Output>): grpc.ClientUnaryCall;
  
  Uncordon(argument: _muster_v1_UncordonRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_UncordonResponse__Output>): grpc.ClientUnaryCall;
  Uncordon(argument: _muster_v1_UncordonRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_UncordonResponse__Output>): grpc.ClientUnaryCall;
  Uncordon(argument: _muster_v1_UncordonRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_UncordonResponse__Output>): grpc.ClientUnaryCall;
  Uncordon(argument: _muster_v1_UncordonRequest, callback: grpc.requestCallback<_muster_v1_UncordonResponse__Output>): grpc.ClientUnaryCall;
  uncordon(argument: _muster_v1_UncordonRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_UncordonResponse__Output>): grpc.ClientUnaryCall;
  uncordon(argument: _muster_v1_UncordonRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_UncordonResponse__Output>): grpc.ClientUnaryCall;
  uncordon(argument: _muster_v1_UncordonRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_UncordonResponse__Output>): grpc.ClientUnaryCall;
  uncordon(argument: _muster_v1_UncordonRequest, callback: grpc.requestCallback<_muster_v1_UncordonResponse__Output>): grpc.ClientUnaryCall;
  
  WatchNodes(argument: _muster_v1_WatchNodesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_WatchNodesResponse__Output>;
  WatchNodes(argument: _muster_v1_WatchNodesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_WatchNodesResponse__Output>;
  watchNodes(argument: _muster_v1_WatchNodesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_WatchNodesResponse__Output>;
  watchNodes(argument: _muster_v1_WatchNodesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_WatchNodesResponse__Output>;
  
}

export interface NodeServiceHandlers extends grpc.UntypedServiceImplementation {
  Cordon: grpc.handleUnaryCall<_muster_v1_CordonRequest__Output, _muster_v1_CordonResponse>;
  
  GetNode: grpc.handleUnaryCall<_muster_v1_GetNodeRequest__Output, _muster_v1_GetNodeResponse>;
  
  ListNodes: grpc.handleUnaryCall<_muster_v1_ListNodesRequest__Output, _muster_v1_ListNodesResponse>;
  
  RemoveNode: grpc.handleUnaryCall<_muster_v1_RemoveNodeRequest__Output, _muster_v1_RemoveNodeResponse>;
  
  SetLabels: grpc.handleUnaryCall<_muster_v1_SetLabelsRequest__Output, _muster_v1_SetLabelsResponse>;
  
  Uncordon: grpc.handleUnaryCall<_muster_v1_UncordonRequest__Output, _muster_v1_UncordonResponse>;
  
  WatchNodes: grpc.handleServerStreamingCall<_muster_v1_WatchNodesRequest__Output, _muster_v1_WatchNodesResponse>;
  
}

export interface NodeServiceDefinition extends grpc.ServiceDefinition {
  Cordon: MethodDefinition<_muster_v1_CordonRequest, _muster_v1_CordonResponse, _muster_v1_CordonRequest__Output, _muster_v1_CordonResponse__Output>
  GetNode: MethodDefinition<_muster_v1_GetNodeRequest, _muster_v1_GetNodeResponse, _muster_v1_GetNodeRequest__Output, _muster_v1_GetNodeResponse__Output>
  ListNodes: MethodDefinition<_muster_v1_ListNodesRequest, _muster_v1_ListNodesResponse, _muster_v1_ListNodesRequest__Output, _muster_v1_ListNodesResponse__Output>
  RemoveNode: MethodDefinition<_muster_v1_RemoveNodeRequest, _muster_v1_RemoveNodeResponse, _muster_v1_RemoveNodeRequest__Output, _muster_v1_RemoveNodeResponse__Output>
  SetLabels: MethodDefinition<_muster_v1_SetLabelsRequest, _muster_v1_SetLabelsResponse, _muster_v1_SetLabelsRequest__Output, _muster_v1_SetLabelsResponse__Output>
  Uncordon: MethodDefinition<_muster_v1_UncordonRequest, _muster_v1_UncordonResponse, _muster_v1_UncordonRequest__Output, _muster_v1_UncordonResponse__Output>
  WatchNodes: MethodDefinition<_muster_v1_WatchNodesRequest, _muster_v1_WatchNodesResponse, _muster_v1_WatchNodesRequest__Output, _muster_v1_WatchNodesResponse__Output>
}
