import type { Amount__Output } from '../../proto/gen/muster/v1/Amount.ts';
import type { Limits__Output } from '../../proto/gen/muster/v1/Limits.ts';
import type { Retries__Output } from '../../proto/gen/muster/v1/Retries.ts';
import type { Rollout__Output } from '../../proto/gen/muster/v1/Rollout.ts';
import { invalidField } from '../errors.ts';
import { knownEnum } from './command.ts';

export type OutputPolicy = 'keep-tail' | 'keep-head' | 'throttle' | 'kill';

/** Bounds on each execution, with every default filled in. */
export interface ValidLimits {
  /** 0 = none. */
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** For each of the two streams. */
  readonly outputBoundBytes: number;
  readonly outputPolicy: OutputPolicy;
}

/** Whose turn it is, in nodes: percentages are resolved over the plan. */
export interface ValidRollout {
  /** At least 1. */
  readonly maxConcurrency: number;
  /** Infinity = never stop. */
  readonly maxErrors: number;
}

export const maxTimeoutMs = 30 * 86_400_000;
export const maxGraceMs = 600_000;
export const defaultGraceMs = 10_000;
export const defaultOutputBoundBytes = 256 * 1024 ** 2;
export const defaultMaxConcurrency = 1000;
/** Below this a bound could not even hold one chunk of output. */
const minOutputBoundBytes = 64 * 1024;
const policies = {
  OUTPUT_POLICY_UNSPECIFIED: 'keep-tail',
  OUTPUT_POLICY_KEEP_TAIL: 'keep-tail',
  OUTPUT_POLICY_KEEP_HEAD: 'keep-head',
  OUTPUT_POLICY_THROTTLE: 'throttle',
  OUTPUT_POLICY_KILL: 'kill',
} as const;

/** Throws INVALID_FIELD naming the field under `field`. */
export function validLimits(limits: Limits__Output | null, field: string): ValidLimits {
  const timeoutMs = bounded(limits?.timeoutMs ?? 0, 0, maxTimeoutMs, `${field}.timeout_ms`);
  const graceMs = bounded(limits?.graceMs ?? defaultGraceMs, 0, maxGraceMs, `${field}.grace_ms`);
  const boundField = `${field}.output_bound_bytes`;
  const bound = limits?.outputBoundBytes || defaultOutputBoundBytes;
  const outputBoundBytes = bounded(bound, minOutputBoundBytes, Number.MAX_SAFE_INTEGER, boundField);
  const policy = limits?.outputPolicy ?? 'OUTPUT_POLICY_UNSPECIFIED';
  return { timeoutMs, graceMs, outputBoundBytes, outputPolicy: knownEnum(policies, policy, `${field}.output_policy`) };
}

/** Throws INVALID_FIELD naming the field under `field`. A share of the plan is rounded down; of a concurrency at least 1 is left. */
export function validRollout(rollout: Rollout__Output | null, planCount: number, field: string): ValidRollout {
  const concurrency = amountOf(rollout?.maxConcurrency ?? null, 1, planCount, `${field}.max_concurrency`);
  const errors = amountOf(rollout?.maxErrors ?? null, 0, planCount, `${field}.max_errors`);
  return {
    maxConcurrency: Math.max(1, concurrency ?? defaultMaxConcurrency),
    maxErrors: errors ?? Number.POSITIVE_INFINITY,
  };
}

/** Until retries exist, more than one attempt is refused rather than ignored. */
export function validRetries(retries: Retries__Output | null, field: string): void {
  const attempts = retries?.maxAttempts ?? 0;
  if (attempts > 1)
    throw invalidField(`${field}.max_attempts`, `${attempts} attempts asked for; retries do not exist yet`);
}

function amountOf(amount: Amount__Output | null, min: number, planCount: number, field: string): number | undefined {
  if (amount === null) return undefined;
  if (amount.percent !== undefined) {
    return Math.floor((bounded(amount.percent, min, 100, `${field}.percent`) * planCount) / 100);
  }
  if (amount.count !== undefined) return bounded(amount.count, min, 2 ** 32 - 1, `${field}.count`);
  throw invalidField(field, 'has neither a count nor a percentage');
}

/** The number itself, once it is a whole one within the bounds. */
export function bounded(value: number, min: number, max: number, field: string): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw invalidField(field, `${value} is not a whole number from ${min} to ${max}`);
  }
  return value;
}
