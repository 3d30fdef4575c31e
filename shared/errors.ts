import { status } from '@grpc/grpc-js';

/** Every error Muster answers with: its gRPC status, and whether the same call may succeed later. */
export const catalog = {
  INVALID_FIELD: { status: status.INVALID_ARGUMENT, retry: false },
  SELECTOR_EMPTY: { status: status.INVALID_ARGUMENT, retry: false },
  SELECTOR_INVALID: { status: status.INVALID_ARGUMENT, retry: false },
  FRAME_INVALID: { status: status.INVALID_ARGUMENT, retry: false },
  PLAN_MISMATCH: { status: status.INVALID_ARGUMENT, retry: false },
  NO_NODE_MATCHED: { status: status.NOT_FOUND, retry: false },
  UNKNOWN_NODE: { status: status.NOT_FOUND, retry: false },
  UNKNOWN_JOB: { status: status.NOT_FOUND, retry: false },
  UNKNOWN_EXECUTION: { status: status.NOT_FOUND, retry: false },
  NO_LEADER: { status: status.NOT_FOUND, retry: true },
  ID_CONFLICT: { status: status.ALREADY_EXISTS, retry: false },
  OFFSET_PAST_END: { status: status.OUT_OF_RANGE, retry: false },
  NODE_CONNECTED: { status: status.FAILED_PRECONDITION, retry: false },
  NODE_AWAY: { status: status.UNAVAILABLE, retry: true },
  NAME_TAKEN: { status: status.FAILED_PRECONDITION, retry: false },
  STALE_EPOCH: { status: status.FAILED_PRECONDITION, retry: true },
  SESSION_REPLACED: { status: status.ABORTED, retry: true },
  ERA_CHANGED: { status: status.FAILED_PRECONDITION, retry: false },
  /** The store was found wiped: read-only until `muster cluster confirm`. */
  STORE_UNCONFIRMED: { status: status.FAILED_PRECONDITION, retry: false },
  REPLICA_NAME_TAKEN: { status: status.FAILED_PRECONDITION, retry: false },
  STORE_FULL: { status: status.RESOURCE_EXHAUSTED, retry: true },
  STORE_UNAVAILABLE: { status: status.UNAVAILABLE, retry: true },
  REPLICA_STOPPING: { status: status.UNAVAILABLE, retry: true },
  /** Made by a client that can't reach a replica. */
  REPLICA_UNAVAILABLE: { status: status.UNAVAILABLE, retry: true },
  TOO_MANY: { status: status.RESOURCE_EXHAUSTED, retry: true },
  CONFLICT: { status: status.ABORTED, retry: true },
  INTERNAL: { status: status.INTERNAL, retry: false },
} as const;

export type ErrorReason = keyof typeof catalog;

/** An error with a place in the catalog; the only kind that crosses a gRPC border as anything but INTERNAL. */
export class MusterError extends Error {
  readonly reason: ErrorReason;
  /** Dotted path of the field at fault in the request, for example `order.command.argv[3]`. */
  readonly field: string | undefined;
  /** How long to wait before the next try. */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: ErrorReason,
    message: string,
    options: { field?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'MusterError';
    this.reason = reason;
    this.field = options.field;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** INVALID_FIELD: names the field and says what would be right. */
export const invalidField = (field: string, message: string): MusterError =>
  new MusterError('INVALID_FIELD', `${field}: ${message}`, { field });
