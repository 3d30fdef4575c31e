import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { BadRequest, BadRequest__Output } from '../../proto/gen/google/rpc/BadRequest.ts';
import type { ErrorInfo, ErrorInfo__Output } from '../../proto/gen/google/rpc/ErrorInfo.ts';
import type { RetryInfo, RetryInfo__Output } from '../../proto/gen/google/rpc/RetryInfo.ts';
import { catalog, type ErrorReason, MusterError } from '../errors.ts';
import { codec } from './proto.ts';

const domain = 'muster';
const trailer = 'grpc-status-details-bin';

interface PackedAny {
  type_url: string;
  value: Buffer;
}
interface RpcStatus {
  code: number;
  message: string;
  details: PackedAny[];
}

const rpcStatus = codec<RpcStatus, RpcStatus>('google.rpc.Status');
const errorInfo = codec<ErrorInfo, ErrorInfo__Output>('google.rpc.ErrorInfo');
const badRequest = codec<BadRequest, BadRequest__Output>('google.rpc.BadRequest');
const retryInfo = codec<RetryInfo, RetryInfo__Output>('google.rpc.RetryInfo');

const pack = (name: string, value: Buffer): PackedAny => ({
  type_url: `type.googleapis.com/google.rpc.${name}`,
  value,
});

/** What goes over the wire for an error: its status from the catalog with google.rpc details; anything unknown is INTERNAL. */
export function toServiceError(error: unknown): ServiceError {
  const known =
    error instanceof MusterError
      ? error
      : new MusterError('INTERNAL', 'internal error; the replica’s log has it', { cause: error });
  const details = [pack('ErrorInfo', errorInfo.encode({ reason: known.reason, domain }))];
  if (known.field !== undefined) {
    const violation = { field: known.field, description: known.message };
    details.push(pack('BadRequest', badRequest.encode({ fieldViolations: [violation] })));
  }
  if (known.retryAfterMs !== undefined) {
    const seconds = Math.floor(known.retryAfterMs / 1000);
    const nanos = Math.round((known.retryAfterMs % 1000) * 1e6);
    details.push(pack('RetryInfo', retryInfo.encode({ retryDelay: { seconds, nanos } })));
  }
  const code = catalog[known.reason].status;
  const metadata = new Metadata();
  metadata.set(trailer, rpcStatus.encode({ code, message: known.message, details }));
  return Object.assign(new Error(known.message), { name: 'ServiceError', code, details: known.message, metadata });
}

/** The error a peer answered with. One without our details keeps its status in `grpcStatus` and its nearest reason. */
export function fromServiceError(error: ServiceError): MusterError & { grpcStatus: number } {
  const packed = error.metadata?.get(trailer)[0];
  let reason: ErrorReason | undefined;
  let field: string | undefined;
  let retryAfterMs: number | undefined;
  try {
    const details = Buffer.isBuffer(packed) ? rpcStatus.decode(packed).details : [];
    for (const { type_url: url, value } of details) {
      if (url.endsWith('.ErrorInfo')) {
        const info = errorInfo.decode(value);
        if (info.domain === domain && Object.hasOwn(catalog, info.reason)) reason = info.reason as ErrorReason;
      } else if (url.endsWith('.BadRequest')) {
        field = badRequest.decode(value).fieldViolations[0]?.field;
      } else if (url.endsWith('.RetryInfo')) {
        const delay = retryInfo.decode(value).retryDelay;
        if (delay) retryAfterMs = delay.seconds * 1000 + delay.nanos / 1e6;
      }
    }
  } catch {
    // Details of some proxy or other server: the status itself still says enough.
  }
  const nearest = reason ?? nearestReason(error.code);
  const options = {
    cause: error,
    ...(field !== undefined && { field }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  return Object.assign(new MusterError(nearest, error.details || error.message, options), { grpcStatus: error.code });
}

function nearestReason(code: number): ErrorReason {
  switch (code) {
    case status.INVALID_ARGUMENT:
      return 'INVALID_FIELD';
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return 'REPLICA_UNAVAILABLE';
    case status.RESOURCE_EXHAUSTED:
      return 'TOO_MANY';
    default:
      return 'INTERNAL';
  }
}
