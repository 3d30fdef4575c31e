import { createHash } from 'node:crypto';
import type { Command } from '../proto/gen/muster/v1/Command.ts';
import type { Lane } from '../proto/gen/muster/v1/Lane.ts';
import type { Limits } from '../proto/gen/muster/v1/Limits.ts';
import type { Order, Order__Output } from '../proto/gen/muster/v1/Order.ts';
import type { Rollout } from '../proto/gen/muster/v1/Rollout.ts';
import { invalidField } from './errors.ts';
import { isJobId, type JobId, newJobId } from './ids.ts';
import { type ValidCommand, validCommand } from './order/command.ts';
import {
  bounded,
  maxGraceMs,
  maxTimeoutMs,
  type ValidLimits,
  type ValidRollout,
  validLimits,
  validRetries,
  validRollout,
} from './order/limits.ts';
import { type ValidLane, validLane, validLatestKey } from './order/queueing.ts';
import { codec } from './rpc/proto.ts';
import { parseSelector } from './selector/parse.ts';

/** An order that keeps every bound, with every default filled in. Times are Unix times in ms. */
export interface ValidOrder {
  readonly id: JobId;
  readonly command: ValidCommand;
  readonly planRoot: Buffer;
  readonly planCount: number;
  /** Empty where nodes were named one by one. */
  readonly selector: string;
  /** Undefined where there is none. */
  readonly stdin: { readonly digest: Buffer; readonly bytes: number } | undefined;
  readonly limits: ValidLimits;
  readonly rollout: ValidRollout;
  /** 0 = at once. */
  readonly notBeforeUnixMs: number;
  readonly expiresUnixMs: number;
  readonly deliveryDeadlineUnixMs: number;
  readonly jobDeadlineUnixMs: number;
  /** 0 = the client did not say. */
  readonly createdUnixMs: number;
  /** Of the orders with this key only the newest is offered to a node; empty = none. */
  readonly latestKey: string;
  readonly lane: ValidLane | undefined;
}

/** What a client says; everything else has a default. */
export interface OrderInput {
  /** Minted here where absent. */
  readonly id?: string;
  readonly command: Command;
  readonly plan: { readonly root: Buffer; readonly count: number };
  readonly selector?: string;
  readonly stdin?: Buffer;
  readonly limits?: Limits | null;
  readonly rollout?: Rollout | null;
  /** Now, on the client's clock. */
  readonly createdUnixMs: number;
  /** How long it may take to deliver; 0 or absent = 24 hours. */
  readonly deliverWithinMs?: number;
  /** From now on; absent = 24 hours, or `deliverWithinMs` where that is longer. */
  readonly expiresInMs?: number;
  readonly notBeforeUnixMs?: number;
  /** 0 or absent = delivery deadline + timeout + grace. */
  readonly jobDeadlineUnixMs?: number;
  readonly latestKey?: string;
  readonly lane?: Lane;
}

export const maxOrderBytes = 512 * 1024;
export const maxStdinBytes = 16 * 1024 ** 2;
export const maxPlanCount = 100_000;
export const maxSelectorLength = 4096;
export const maxExpiryMs = 30 * 86_400_000;
export const defaultExpiryMs = 86_400_000;
/** By how much a client's clock may be ahead of the reader's before its longest expiry is taken for too long. */
const clockLeewayMs = 600_000;

const orders = codec<Order, Order__Output>('muster.v1.Order');

/** Encodes an order, once. Throws INVALID_FIELD as `decodeOrder` does. */
export function buildOrder(input: OrderInput): { order: ValidOrder; bytes: Buffer } {
  const { createdUnixMs, stdin, deliverWithinMs } = input;
  const expiresInMs = input.expiresInMs ?? Math.max(defaultExpiryMs, deliverWithinMs ?? 0);
  const bytes = orders.encode({
    id: input.id || newJobId(),
    command: input.command,
    planRoot: input.plan.root,
    planCount: input.plan.count,
    selector: input.selector ?? '',
    ...(stdin && stdin.length > 0 && { stdinDigest: sha256(stdin), stdinBytes: stdin.length }),
    limits: input.limits ?? null,
    rollout: input.rollout ?? null,
    notBeforeUnixMs: input.notBeforeUnixMs ?? 0,
    expiresUnixMs: createdUnixMs + expiresInMs,
    deliveryDeadlineUnixMs: deliverWithinMs ? createdUnixMs + deliverWithinMs : 0,
    jobDeadlineUnixMs: input.jobDeadlineUnixMs ?? 0,
    createdUnixMs,
    latestKey: input.latestKey ?? '',
    lane: input.lane ?? null,
  });
  const order = checkedOrder(bytes);
  checkSize(bytes);
  return { order, bytes };
}

/**
 * Reads an order and checks every bound that needs no clock. Throws INVALID_FIELD naming the field, as the proto writes it,
 * under `order` (and SELECTOR_INVALID). What comes back shares no memory with `bytes`.
 */
export function decodeOrder(bytes: Buffer): ValidOrder {
  if (bytes.length === 0) throw invalidField('order', 'is required');
  checkSize(bytes);
  return checkedOrder(bytes);
}

function checkSize({ length }: Buffer): void {
  if (length > maxOrderBytes) throw invalidField('order', `is ${length} bytes; at most ${maxOrderBytes} are allowed`);
}

function checkedOrder(bytes: Buffer): ValidOrder {
  const order = decode(bytes);
  if (!isJobId(order.id)) {
    throw invalidField('order.id', `${JSON.stringify(order.id.slice(0, 64))} is not 32 lower-case hex digits`);
  }
  const planCount = bounded(order.planCount, 1, maxPlanCount, 'order.plan_count');
  if (order.planRoot.length !== 32) {
    throw invalidField('order.plan_root', `is ${order.planRoot.length} bytes; a root has 32`);
  }
  if (order.selector.length > maxSelectorLength) {
    throw invalidField('order.selector', `is longer than ${maxSelectorLength} characters`);
  }
  if (order.selector !== '') parseSelector(order.selector, 'order.selector');
  validRetries(order.retries, 'order.retries');
  const limits = validLimits(order.limits, 'order.limits');
  return {
    id: order.id,
    command: validCommand(order.command, 'order.command'),
    planRoot: Buffer.from(order.planRoot),
    planCount,
    selector: order.selector,
    stdin: validStdin(order),
    limits,
    rollout: validRollout(order.rollout, planCount, 'order.rollout'),
    ...validTimes(order, limits),
    latestKey: validLatestKey(order.latestKey, 'order.latest_key'),
    lane: validLane(order.lane, 'order.lane'),
  };
}

/**
 * What only a clock can tell: that it may still be delivered, and that it is not good for longer than 30 days from now. For who
 * takes an order in; an agent about to start one compares `expiresUnixMs` and `deliveryDeadlineUnixMs` itself.
 */
export function checkTimes(order: ValidOrder, nowUnixMs: number): void {
  const { expiresUnixMs, deliveryDeadlineUnixMs } = order;
  if (expiresUnixMs <= nowUnixMs) throw invalidField('order.expires_unix_ms', 'has passed');
  if (expiresUnixMs > nowUnixMs + maxExpiryMs + clockLeewayMs) {
    throw invalidField('order.expires_unix_ms', 'is more than 30 days ahead');
  }
  if (deliveryDeadlineUnixMs <= nowUnixMs) throw invalidField('order.delivery_deadline_unix_ms', 'has passed');
}

function decode(bytes: Buffer): Order__Output {
  try {
    return orders.decode(bytes);
  } catch (cause) {
    throw Object.assign(invalidField('order', 'these bytes are no order'), { cause });
  }
}

function validStdin({ stdinDigest, stdinBytes }: Order__Output): ValidOrder['stdin'] {
  bounded(stdinBytes, 0, maxStdinBytes, 'order.stdin_bytes');
  if (stdinDigest.length === 0) {
    if (stdinBytes > 0)
      throw invalidField('order.stdin_digest', `is required for ${stdinBytes} bytes of standard input`);
    return undefined;
  }
  if (stdinDigest.length !== 32)
    throw invalidField('order.stdin_digest', `is ${stdinDigest.length} bytes; SHA-256 has 32`);
  if (stdinBytes === 0) throw invalidField('order.stdin_bytes', 'is 0 though there is a digest; leave both out');
  return { digest: Buffer.from(stdinDigest), bytes: stdinBytes };
}

type Times = Pick<
  ValidOrder,
  'notBeforeUnixMs' | 'expiresUnixMs' | 'deliveryDeadlineUnixMs' | 'jobDeadlineUnixMs' | 'createdUnixMs'
>;

/** Without a timeout an execution counts as one with the longest, so that the job closes all the same. */
function validTimes(order: Order__Output, { timeoutMs, graceMs }: ValidLimits): Times {
  const latest = Number.MAX_SAFE_INTEGER - maxExpiryMs - maxTimeoutMs - maxGraceMs;
  if (order.expiresUnixMs === 0) throw invalidField('order.expires_unix_ms', 'is required');
  const expiresUnixMs = bounded(order.expiresUnixMs, 1, latest, 'order.expires_unix_ms');
  const createdUnixMs = bounded(order.createdUnixMs, 0, latest, 'order.created_unix_ms');
  if (createdUnixMs > 0 && expiresUnixMs <= createdUnixMs) {
    throw invalidField('order.expires_unix_ms', 'is not after created_unix_ms');
  }
  if (createdUnixMs > 0 && expiresUnixMs - createdUnixMs > maxExpiryMs) {
    throw invalidField('order.expires_unix_ms', 'is more than 30 days after created_unix_ms');
  }
  const deliveryField = 'order.delivery_deadline_unix_ms';
  const deliveryDeadlineUnixMs = bounded(order.deliveryDeadlineUnixMs || expiresUnixMs, 1, latest, deliveryField);
  if (deliveryDeadlineUnixMs > expiresUnixMs) throw invalidField(deliveryField, 'is after expires_unix_ms');
  const notBeforeUnixMs = bounded(order.notBeforeUnixMs, 0, latest, 'order.not_before_unix_ms');
  if (notBeforeUnixMs >= deliveryDeadlineUnixMs) {
    throw invalidField('order.not_before_unix_ms', 'is not before the delivery deadline (or expiry)');
  }
  const defaultDeadline = deliveryDeadlineUnixMs + (timeoutMs || maxTimeoutMs) + graceMs;
  const jobField = 'order.job_deadline_unix_ms';
  const jobDeadlineUnixMs = bounded(order.jobDeadlineUnixMs || defaultDeadline, 1, Number.MAX_SAFE_INTEGER, jobField);
  if (jobDeadlineUnixMs < deliveryDeadlineUnixMs) throw invalidField(jobField, 'is before the delivery deadline');
  if (jobDeadlineUnixMs > deliveryDeadlineUnixMs + maxTimeoutMs + maxGraceMs) {
    throw invalidField(jobField, 'is further after the delivery deadline than any timeout and grace');
  }
  return { notBeforeUnixMs, expiresUnixMs, deliveryDeadlineUnixMs, jobDeadlineUnixMs, createdUnixMs };
}

const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest();
