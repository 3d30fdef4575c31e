import type { Lane, Lane__Output } from '../../proto/gen/muster/v1/Lane.ts';
import { invalidField } from '../errors.ts';
import { bounded } from './limits.ts';

/** Executions of one lane wait for each other on a node. */
export interface ValidLane {
  readonly name: string;
  /** How many of the lane may run on a node at once. */
  readonly concurrency: number;
}

/** Among `Hello.capabilities`: this agent keeps lanes. One without it would run them side by side. */
export const laneCapability = 'lanes';

/** This agent takes trust files; one without it would find no command in the order. */
export const trustFileCapability = 'trust-file';

/** Capabilities without which an agent would run an order as if part of it were not there. */
export const neededCapabilities = (order: {
  readonly lane: ValidLane | undefined;
  readonly command: { readonly trustFile: string | undefined };
}): readonly string[] => [
  ...(order.lane === undefined ? [] : [laneCapability]),
  ...(order.command.trustFile === undefined ? [] : [trustFileCapability]),
];

const maxConcurrency = 1000;
const namePattern = /^[A-Za-z0-9._/-]{1,128}$/;
const allowed = 'must be 1 to 128 of [A-Za-z0-9._/-]';

/** Undefined where there is none. Throws INVALID_FIELD. */
export function validLane(lane: Lane | Lane__Output | null, field: string): ValidLane | undefined {
  if (lane === null) return undefined;
  const name = lane.name ?? '';
  if (!namePattern.test(name)) throw invalidField(`${field}.name`, allowed);
  const concurrency = bounded(lane.concurrency ?? 0, 0, maxConcurrency, `${field}.concurrency`) || 1;
  return { name, concurrency };
}

/** Empty where there is none. Throws INVALID_FIELD. */
export function validLatestKey(key: string, field: string): string {
  if (key !== '' && !namePattern.test(key)) throw invalidField(field, allowed);
  return key;
}
