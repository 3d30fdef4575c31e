import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ConnectResponse__Output } from '../../proto/gen/muster/v1/ConnectResponse.ts';
import type { Read__Output } from '../../proto/gen/muster/v1/Read.ts';
import type { Start__Output } from '../../proto/gen/muster/v1/Start.ts';
import type { Welcome__Output } from '../../proto/gen/muster/v1/Welcome.ts';
import { type ExecutionId, type NodeUid, parseExecutionId } from '../../shared/ids.ts';
import { maxOrderSignatureBytes } from '../../shared/signing/order-signature.ts';
import type { Offer, StreamName } from '../executor.ts';
import type { Epoch } from './epoch.ts';

export interface ReadRequest {
  readonly readId: number;
  readonly execution: ExecutionId;
  readonly stream: StreamName;
  readonly from: number;
  readonly until: number;
  readonly close: boolean;
  readonly untilPresent: boolean;
}

/** A frame from the replica, its bounds checked. */
export type FrameIn =
  | { readonly type: 'welcome'; readonly epoch: Epoch; readonly heartbeatIntervalMs: number; readonly replica: string }
  | { readonly type: 'start'; readonly offer: Offer; readonly reads: readonly ReadRequest[] }
  | {
      readonly type: 'cancel';
      readonly execution: ExecutionId;
      readonly signal: number;
      readonly graceMs: number | undefined;
    }
  | { readonly type: 'read'; readonly read: ReadRequest }
  | { readonly type: 'input'; readonly execution: ExecutionId; readonly offset: number; readonly data: Buffer }
  | { readonly type: 'release'; readonly executions: readonly ExecutionId[]; readonly refused: readonly string[] }
  | { readonly type: 'reconnect'; readonly reason: string; readonly afterMs: number }
  /** This frame is dropped, the session goes on. */
  | {
      readonly type: 'refused';
      readonly field: string;
      readonly message: string;
      readonly answer: ConnectRequest | undefined;
    }
  /** Nobody can trust a peer that sends this: the session ends. */
  | { readonly type: 'invalid'; readonly field: string; readonly message: string };

const maxOrderBytes = 512 * 1024;
const maxInputBytes = 64 * 1024;
const maxReleased = 512;
const maxReadsPerStart = 2;
const maxTraceparentChars = 64;
const maxSignal = 64;
/** An id that is none is echoed and logged so far. */
const shownIdChars = 128;

/** Translates and checks a frame for the node `uid`, whose executions alone it may name. Never throws. */
export function frameIn(frame: ConnectResponse__Output, uid: NodeUid): FrameIn {
  if (frame.welcome) return welcomeIn(frame.welcome);
  if (frame.start) return startIn(frame.start, uid);
  if (frame.cancel) {
    const { execution: text, signal, graceMs } = frame.cancel;
    const execution = idIn(text, uid);
    if (execution === undefined) return refused('cancel.execution', text);
    if (signal > maxSignal) return drop('cancel.signal', `${signal} is no signal`);
    if (graceMs !== undefined && !isOffset(graceMs)) return drop('cancel.grace_ms', 'out of range');
    return { type: 'cancel', execution, signal, graceMs };
  }
  if (frame.read) {
    const read = readIn(frame.read, 'read', uid);
    return 'type' in read ? read : { type: 'read', read };
  }
  if (frame.input) {
    const { execution: text, offset, data } = frame.input;
    const execution = idIn(text, uid);
    if (execution === undefined) return refused('input.execution', text);
    if (data.length > maxInputBytes) return invalid('input.data', `at most ${maxInputBytes} bytes, not ${data.length}`);
    if (!isOffset(offset)) return invalid('input.offset', 'out of range');
    return { type: 'input', execution, offset, data };
  }
  if (frame.release) {
    const texts = frame.release.executions;
    if (texts.length > maxReleased) return invalid('release.executions', `at most ${maxReleased}, not ${texts.length}`);
    const executions = texts.filter((text) => idIn(text, uid) !== undefined) as ExecutionId[];
    return {
      type: 'release',
      executions,
      refused: texts.filter((text) => idIn(text, uid) === undefined).map(noExecutionId),
    };
  }
  if (frame.reconnect)
    return { type: 'reconnect', reason: frame.reconnect.reason.slice(0, 64), afterMs: frame.reconnect.afterMs };
  return invalid('frame', 'unknown or empty');
}

function welcomeIn({ epoch, heartbeatIntervalMs, replica }: Welcome__Output): FrameIn {
  if (!epoch) return invalid('welcome.epoch', 'is missing');
  if (!isOffset(epoch.era) || !isOffset(epoch.revision)) return invalid('welcome.epoch', 'out of range');
  const { era, revision } = epoch;
  return { type: 'welcome', epoch: { era, revision }, heartbeatIntervalMs, replica: replica.slice(0, 253) };
}

function startIn(start: Start__Output, uid: NodeUid): FrameIn {
  const { execution: text, order, signature, proof, traceparent, reads } = start;
  const execution = idIn(text, uid);
  if (execution === undefined) return refuseStart(text, 'start.execution', noExecutionId(text));
  if (order.length > maxOrderBytes) {
    return refuseStart(text, 'start.order', `at most ${maxOrderBytes} bytes, not ${order.length}`);
  }
  if (signature.length > maxOrderSignatureBytes) {
    const message = `at most ${maxOrderSignatureBytes} bytes, not ${signature.length}`;
    return refuseStart(text, 'start.signature', message);
  }
  if (reads.length > maxReadsPerStart)
    return invalid('start.reads', `at most ${maxReadsPerStart}, not ${reads.length}`);
  const checked: ReadRequest[] = [];
  for (const [at, read] of reads.entries()) {
    const one = readIn(read, `start.reads[${at}]`, uid);
    if ('type' in one) return one;
    checked.push(one);
  }
  const offer: Offer = {
    execution,
    order,
    signature,
    proof: proof ?? { index: 0, siblings: [] },
    // A trace is never worth an execution.
    traceparent: traceparent.length > maxTraceparentChars ? '' : traceparent,
  };
  return { type: 'start', offer, reads: checked };
}

function readIn(
  read: Read__Output,
  field: string,
  uid: NodeUid,
): ReadRequest | (FrameIn & { type: 'refused' | 'invalid' }) {
  const { readId, from, until, close, untilPresent } = read;
  if (!isOffset(readId) || readId === 0) return invalid(`${field}.read_id`, 'must be above 0');
  if (!isOffset(from)) return invalid(`${field}.from`, 'out of range');
  if (!isOffset(until)) return invalid(`${field}.until`, 'out of range');
  const execution = idIn(read.execution, uid);
  if (execution === undefined) {
    const answer: ConnectRequest = { output: { readId, offset: from, error: 'unknown-execution' } };
    return { type: 'refused', field: `${field}.execution`, message: noExecutionId(read.execution), answer };
  }
  const stream = streams[read.stream as string];
  if (stream === undefined && !close) return invalid(`${field}.stream`, 'must be stdout or stderr');
  return { readId, execution, stream: stream ?? 'stdout', from, until, close, untilPresent };
}

const streams: Readonly<Record<string, StreamName>> = {
  OUTPUT_STREAM_STDOUT: 'stdout',
  OUTPUT_STREAM_STDERR: 'stderr',
};

/** Offsets, ids and times beyond 2^53 - 1 come out of the decoder inexact. */
const isOffset = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

const idIn = (text: string, uid: NodeUid): ExecutionId | undefined =>
  parseExecutionId(text)?.node === uid ? (text as ExecutionId) : undefined;

const noExecutionId = (text: string): string =>
  `${JSON.stringify(text.slice(0, shownIdChars))} is no execution id of this node (job/node uid/attempt)`;

const invalid = (field: string, message: string) => ({ type: 'invalid', field, message }) as const;

const drop = (field: string, message: string) => ({ type: 'refused', field, message, answer: undefined }) as const;

const refused = (field: string, text: string) => drop(field, noExecutionId(text));

/** The replica hears of it: it waits for this execution. */
function refuseStart(text: string, field: string, message: string): FrameIn {
  const result = {
    state: 'EXECUTION_STATE_REJECTED',
    reason: 'frame-invalid',
    message: `${field}: ${message}`,
  } as const;
  const answer: ConnectRequest = { event: { execution: text.slice(0, shownIdChars), finished: result } };
  return { type: 'refused', field, message, answer };
}
