import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { OutputSummary } from '../../proto/gen/muster/v1/OutputSummary.ts';
import { type ExecutionId, parseExecutionId } from '../ids.ts';
import { payloadTypes } from './dsse.ts';
import { PublicKey, type SigningKey, uidOfKey } from './keys.ts';

/** What a result is of. */
export interface ResultSubject {
  readonly execution: ExecutionId;
  /** SHA-256 of the order's bytes, hex; empty where the agent never had them (a cancel's tombstone). */
  readonly orderDigest: string;
}

/** The result with the node's signature. */
export const signResult = (subject: ResultSubject, result: ExecutionResult, key: SigningKey): ExecutionResult => ({
  ...result,
  signature: { publicKey: key.public.raw, signature: key.sign(payloadTypes.result, statement(subject, result)) },
});

/**
 * Whether the node that the execution's id names signed this as the end of it. The uid is a hash of the key, so nobody has to vouch
 * for that.
 */
export function resultSignature(subject: ResultSubject, result: ExecutionResult): 'valid' | 'missing' | 'wrong' {
  const { publicKey, signature } = result.signature ?? {};
  if (!publicKey?.length && !signature?.length) return 'missing';
  const key = PublicKey.fromRaw(Buffer.from(publicKey ?? ''));
  if (key === undefined || uidOfKey(key) !== parseExecutionId(subject.execution)?.node) return 'wrong';
  const bytes = Buffer.from(signature ?? '');
  const signs = (orderDigest: string): boolean =>
    key.verifies(payloadTypes.result, statement({ ...subject, orderDigest }, result), bytes);
  if (signs(subject.orderDigest)) return 'valid';
  // What was cancelled before it came, or what the journal does not explain, is signed without an order.
  const { state } = result;
  const orderless = state === 'EXECUTION_STATE_CANCELLED' || state === 'EXECUTION_STATE_INTERRUPTED';
  return orderless && signs('') ? 'valid' : 'wrong';
}

/** As the proto writes it down: made anew from the fields on both sides, so that nothing can be shown that was not signed. */
function statement({ execution, orderDigest }: ResultSubject, result: ExecutionResult): Buffer {
  const fields: readonly (readonly [string, string | number])[] = [
    ['execution', execution],
    ['order', orderDigest],
    ['state', String(result.state ?? '')],
    ['reason', JSON.stringify(result.reason ?? '')],
    ['exit_code', result.exitCode ?? ''],
    ['signal', result.signal ?? ''],
    ['signal_inferred', String(result.signalInferred ?? false)],
    ['accepted_unix_ms', number(result.acceptedUnixMs)],
    ['started_unix_ms', number(result.startedUnixMs)],
    ['finished_unix_ms', number(result.finishedUnixMs)],
    ['duration_ms', number(result.durationMs)],
    ['overrun_ms', number(result.overrunMs)],
    ...outputFields('stdout', result.stdout),
    ...outputFields('stderr', result.stderr),
  ];
  return Buffer.from(fields.map(([name, value]) => `${name}=${value}\n`).join(''));
}

const outputFields = (name: string, summary: OutputSummary | null | undefined): [string, string | number][] => [
  [`${name}_bytes`, number(summary?.bytes)],
  [`${name}_digest`, Buffer.from(summary?.digest ?? '').toString('hex')],
];

const number = (value: unknown): number => Number(value ?? 0);
