import { status } from '@grpc/grpc-js';

/** `OK`, `INVALID_ARGUMENT`, … of a gRPC status number; `UNKNOWN` for any other number. */
export const grpcCodeName = (code: number): string => status[code] ?? 'UNKNOWN';
