// Generated from proto/muster/v1 by npm run gen.

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CancelRequest as _muster_v1_CancelRequest, CancelRequest__Output as _muster_v1_CancelRequest__Output } from '../../muster/v1/CancelRequest.ts';
import type { CancelResponse as _muster_v1_CancelResponse, CancelResponse__Output as _muster_v1_CancelResponse__Output } from '../../muster/v1/CancelResponse.ts';
import type { GetJobRequest as _muster_v1_GetJobRequest, GetJobRequest__Output as _muster_v1_GetJobRequest__Output } from '../../muster/v1/GetJobRequest.ts';
import type { GetJobResponse as _muster_v1_GetJobResponse, GetJobResponse__Output as _muster_v1_GetJobResponse__Output } from '../../muster/v1/GetJobResponse.ts';
import type { ListExecutionsRequest as _muster_v1_ListExecutionsRequest, ListExecutionsRequest__Output as _muster_v1_ListExecutionsRequest__Output } from '../../muster/v1/ListExecutionsRequest.ts';
import type { ListExecutionsResponse as _muster_v1_ListExecutionsResponse, ListExecutionsResponse__Output as _muster_v1_ListExecutionsResponse__Output } from '../../muster/v1/ListExecutionsResponse.ts';
import type { ListJobsRequest as _muster_v1_ListJobsRequest, ListJobsRequest__Output as _muster_v1_ListJobsRequest__Output } from '../../muster/v1/ListJobsRequest.ts';
import type { ListJobsResponse as _muster_v1_ListJobsResponse, ListJobsResponse__Output as _muster_v1_ListJobsResponse__Output } from '../../muster/v1/ListJobsResponse.ts';
import type { PlanRequest as _muster_v1_PlanRequest, PlanRequest__Output as _muster_v1_PlanRequest__Output } from '../../muster/v1/PlanRequest.ts';
import type { PlanResponse as _muster_v1_PlanResponse, PlanResponse__Output as _muster_v1_PlanResponse__Output } from '../../muster/v1/PlanResponse.ts';
import type { ReadOutputRequest as _muster_v1_ReadOutputRequest, ReadOutputRequest__Output as _muster_v1_ReadOutputRequest__Output } from '../../muster/v1/ReadOutputRequest.ts';
import type { ReadOutputResponse as _muster_v1_ReadOutputResponse, ReadOutputResponse__Output as _muster_v1_ReadOutputResponse__Output } from '../../muster/v1/ReadOutputResponse.ts';
import type { RunRequest as _muster_v1_RunRequest, RunRequest__Output as _muster_v1_RunRequest__Output } from '../../muster/v1/RunRequest.ts';
import type { RunResponse as _muster_v1_RunResponse, RunResponse__Output as _muster_v1_RunResponse__Output } from '../../muster/v1/RunResponse.ts';
import type { SubmitRequest as _muster_v1_SubmitRequest, SubmitRequest__Output as _muster_v1_SubmitRequest__Output } from '../../muster/v1/SubmitRequest.ts';
import type { SubmitResponse as _muster_v1_SubmitResponse, SubmitResponse__Output as _muster_v1_SubmitResponse__Output } from '../../muster/v1/SubmitResponse.ts';
import type { WatchRequest as _muster_v1_WatchRequest, WatchRequest__Output as _muster_v1_WatchRequest__Output } from '../../muster/v1/WatchRequest.ts';
import type { WatchResponse as _muster_v1_WatchResponse, WatchResponse__Output as _muster_v1_WatchResponse__Output } from '../../muster/v1/WatchResponse.ts';

export interface JobServiceClient extends grpc.Client {
  Cancel(argument: _muster_v1_CancelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _muster_v1_CancelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _muster_v1_CancelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  Cancel(argument: _muster_v1_CancelRequest, callback: grpc.requestCallback<_muster_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _muster_v1_CancelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _muster_v1_CancelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _muster_v1_CancelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  cancel(argument: _muster_v1_CancelRequest, callback: grpc.requestCallback<_muster_v1_CancelResponse__Output>): grpc.ClientUnaryCall;
  
  GetJob(argument: _muster_v1_GetJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _muster_v1_GetJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _muster_v1_GetJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _muster_v1_GetJobRequest, callback: grpc.requestCallback<_muster_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _muster_v1_GetJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _muster_v1_GetJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _muster_v1_GetJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _muster_v1_GetJobRequest, callback: grpc.requestCallback<_muster_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  
  ListExecutions(argument: _muster_v1_ListExecutionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListExecutionsResponse__Output>): grpc.ClientUnaryCall;
  ListExecutions(argument: _muster_v1_ListExecutionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ListExecutionsResponse__Output>): grpc.ClientUnaryCall;
  ListExecutions(argument: _muster_v1_ListExecutionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListExecutionsResponse__Output>): grpc.ClientUnaryCall;
  ListExecutions(argument: _muster_v1_ListExecutionsRequest, callback: grpc.requestCallback<_muster_v1_ListExecutionsResponse__Output>): grpc.ClientUnaryCall;
  listExecutions(argument: _muster_v1_ListExecutionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListExecutionsResponse__Output>): grpc.ClientUnaryCall;
  listExecutions(argument: _muster_v1_ListExecutionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ListExecutionsResponse__Output>): grpc.ClientUnaryCall;
  listExecutions(argument: _muster_v1_ListExecutionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListExecutionsResponse__Output>): grpc.ClientUnaryCall;
  listExecutions(argument: _muster_v1_ListExecutionsRequest, callback: grpc.requestCallback<_muster_v1_ListExecutionsResponse__Output>): grpc.ClientUnaryCall;
  
  ListJobs(argument: _muster_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _muster_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _muster_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _muster_v1_ListJobsRequest, callback: grpc.requestCallback<_muster_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _muster_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _muster_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _muster_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _muster_v1_ListJobsRequest, callback: grpc.requestCallback<_muster_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  
  Plan(argument: _muster_v1_PlanRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_PlanResponse__Output>;
  Plan(argument: _muster_v1_PlanRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_PlanResponse__Output>;
  plan(argument: _muster_v1_PlanRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_PlanResponse__Output>;
  plan(argument: _muster_v1_PlanRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_PlanResponse__Output>;
  
  ReadOutput(argument: _muster_v1_ReadOutputRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_ReadOutputResponse__Output>;
  ReadOutput(argument: _muster_v1_ReadOutputRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_ReadOutputResponse__Output>;
  readOutput(argument: _muster_v1_ReadOutputRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_ReadOutputResponse__Output>;
  readOutput(argument: _muster_v1_ReadOutputRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_ReadOutputResponse__Output>;
  
  Run(argument: _muster_v1_RunRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_RunResponse__Output>;
  Run(argument: _muster_v1_RunRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_RunResponse__Output>;
  run(argument: _muster_v1_RunRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_RunResponse__Output>;
  run(argument: _muster_v1_RunRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_RunResponse__Output>;
  
  Submit(argument: _muster_v1_SubmitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_SubmitResponse__Output>): grpc.ClientUnaryCall;
  Submit(argument: _muster_v1_SubmitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_SubmitResponse__Output>): grpc.ClientUnaryCall;
  Submit(argument: _muster_v1_SubmitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_SubmitResponse__Output>): grpc.ClientUnaryCall;
  Submit(argument: _muster_v1_SubmitRequest, callback: grpc.requestCallback<_muster_v1_SubmitResponse__Output>): grpc.ClientUnaryCall;
  submit(argument: _muster_v1_SubmitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_SubmitResponse__Output>): grpc.ClientUnaryCall;
  submit(argument: _muster_v1_SubmitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_muster_v1_SubmitResponse__Output>): grpc.ClientUnaryCall;
  submit(argument: _muster_v1_SubmitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_muster_v1_SubmitResponse__Output>): grpc.ClientUnaryCall;
  submit(argument: _muster_v1_SubmitRequest, callback: grpc.requestCallback<_muster_v1_SubmitResponse__Output>): grpc.ClientUnaryCall;
  
  Watch(argument: _muster_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_WatchResponse__Output>;
  Watch(argument: _muster_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_WatchResponse__Output>;
  watch(argument: _muster_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_WatchResponse__Output>;
  watch(argument: _muster_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_muster_v1_WatchResponse__Output>;
  
}

export interface JobServiceHandlers extends grpc.UntypedServiceImplementation {
  Cancel: grpc.handleUnaryCall<_muster_v1_CancelRequest__Output, _muster_v1_CancelResponse>;
  
  GetJob: grpc.handleUnaryCall<_muster_v1_GetJobRequest__Output, _muster_v1_GetJobResponse>;
  
  ListExecutions: grpc.handleUnaryCall<_muster_v1_ListExecutionsRequest__Output, _muster_v1_ListExecutionsResponse>;
  
  ListJobs: grpc.handleUnaryCall<_muster_v1_ListJobsRequest__Output, _muster_v1_ListJobsResponse>;
  
  Plan: grpc.handleServerStreamingCall<_muster_v1_PlanRequest__Output, _muster_v1_PlanResponse>;
  
  ReadOutput: grpc.handleServerStreamingCall<_muster_v1_ReadOutputRequest__Output, _muster_v1_ReadOutputResponse>;
  
  Run: grpc.handleServerStreamingCall<_muster_v1_RunRequest__Output, _muster_v1_RunResponse>;
  
  Submit: grpc.handleUnaryCall<_muster_v1_SubmitRequest__Output, _muster_v1_SubmitResponse>;
  
  Watch: grpc.handleServerStreamingCall<_muster_v1_WatchRequest__Output, _muster_v1_WatchResponse>;
  
}

export interface JobServiceDefinition extends grpc.ServiceDefinition {
  Cancel: MethodDefinition<_muster_v1_CancelRequest, _muster_v1_CancelResponse, _muster_v1_CancelRequest__Output, _muster_v1_CancelResponse__Output>
  GetJob: MethodDefinition<_muster_v1_GetJobRequest, _muster_v1_GetJobResponse, _muster_v1_GetJobRequest__Output, _muster_v1_GetJobResponse__Output>
  ListExecutions: MethodDefinition<_muster_v1_ListExecutionsRequest, _muster_v1_ListExecutionsResponse, _muster_v1_ListExecutionsRequest__Output, _muster_v1_ListExecutionsResponse__Output>
  ListJobs: MethodDefinition<_muster_v1_ListJobsRequest, _muster_v1_ListJobsResponse, _muster_v1_ListJobsRequest__Output, _muster_v1_ListJobsResponse__Output>
  Plan: MethodDefinition<_muster_v1_PlanRequest, _muster_v1_PlanResponse, _muster_v1_PlanRequest__Output, _muster_v1_PlanResponse__Output>
  ReadOutput: MethodDefinition<_muster_v1_ReadOutputRequest, _muster_v1_ReadOutputResponse, _muster_v1_ReadOutputRequest__Output, _muster_v1_ReadOutputResponse__Output>
  Run: MethodDefinition<_muster_v1_RunRequest, _muster_v1_RunResponse, _muster_v1_RunRequest__Output, _muster_v1_RunResponse__Output>
  Submit: MethodDefinition<_muster_v1_SubmitRequest, _muster_v1_SubmitResponse, _muster_v1_SubmitRequest__Output, _muster_v1_SubmitResponse__Output>
  Watch: MethodDefinition<_muster_v1_WatchRequest, _muster_v1_WatchResponse, _muster_v1_WatchRequest__Output, _muster_v1_WatchResponse__Output>
}
