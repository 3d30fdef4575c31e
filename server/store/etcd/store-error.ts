import { type ServiceError, status } from '@grpc/grpc-js';
import { invalidField, MusterError } from '../../../shared/errors.ts';

const codeOf = (error: Error): number | undefined => ('code' in error ? (error as ServiceError).code : undefined);
const textOf = (error: Error): string => ('details' in error ? (error as ServiceError).details : error.message);

/** The error is one of this connection or member; another endpoint may do better. */
export function movesOn(error: Error): boolean {
  const code = codeOf(error);
  return (
    code === status.UNAVAILABLE ||
    code === status.DEADLINE_EXCEEDED ||
    code === status.INTERNAL ||
    code === status.UNKNOWN
  );
}

/** The revision asked for is compacted away. */
export const isCompacted = (error: unknown): boolean => /required revision has been compacted/.test(causeText(error));

/** The revision asked for was never reached by what is there now. */
export const isFuture = (error: unknown): boolean => /required revision is a future revision/.test(causeText(error));

/** The answer does not fit into one message. */
export const isTooLarge = (error: unknown): boolean => /message larger than max/i.test(causeText(error));

/** etcd does not know the lease. */
export const isLeaseGone = (error: unknown): boolean => /requested lease not found/.test(causeText(error));

/** What a caller of the store sees of a failed call. */
export function storeError(error: Error, address: string): MusterError {
  const text = textOf(error);
  if (/requested lease not found/.test(text))
    return new MusterError('CONFLICT', 'the lease is gone: expired', { cause: error });
  if (/too many operations|request is too large|trying to send message larger/.test(text)) {
    return invalidField('transaction', `refused by etcd: ${text}`);
  }
  if (/database space exceeded/.test(text)) {
    const message =
      `the store is full: etcd at ${address} has reached its quota; it takes nothing new until an operator compacts and ` +
      'defragments it or raises --quota-backend-bytes, and disarms the alarm (etcdctl alarm disarm)';
    return new MusterError('STORE_FULL', message, { cause: error });
  }
  return new MusterError('STORE_UNAVAILABLE', `etcd at ${address} ${plainly(error, text)}`, { cause: error });
}

/** What is wrong, for people: what grpc-js says of it stays in the cause. */
function plainly(error: Error, text: string): string {
  const refused = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ECONNRESET|ETIMEDOUT|EPIPE/.exec(
    text,
  )?.[0];
  if (refused !== undefined) return `can not be reached (${refused})`;
  const own = /etcdserver: (.*)/.exec(text)?.[1];
  if (own !== undefined) return `says: ${own}`;
  const tls = /certificate|altnames|self.signed|SSL|TLS|PROTOCOL_ERROR/i.test(text);
  if (tls) return `can not be reached: ${lastError(text)}`;
  if (codeOf(error) === status.DEADLINE_EXCEEDED) return 'does not answer';
  return codeOf(error) === status.UNAVAILABLE
    ? 'can not be reached: the connection broke'
    : `fails: ${lastError(text)}`;
}

/** Without the way on which grpc-js came to it. */
const lastError = (text: string): string =>
  text
    .replace(/^.*Last error: /s, '')
    .replace(/\.? ?(Resolution note|Waiting for|LB pick|remote_addr).*$/s, '')
    .trim();

function causeText(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return error.cause instanceof Error ? textOf(error.cause) : textOf(error);
}
