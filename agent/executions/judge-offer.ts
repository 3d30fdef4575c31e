import type { ValidOrder } from '../../shared/order.ts';
import type { Offer } from '../executor.ts';
import { verifyOrder } from '../orders/verify-order.ts';
import type { ExecutionPorts } from './ports.ts';
import { type Outcome, unrunOutcome } from './results.ts';
import { trustOutcome } from './trust-outcome.ts';

/** An order that may be accepted, or how its execution ends at once, and until when its id is kept. */
export type Judged = { readonly order: ValidOrder } | { readonly end: Outcome; readonly expiresUnixMs: number };

type JudgePorts = Pick<
  ExecutionPorts,
  'uid' | 'settings' | 'clock' | 'cgroups' | 'rules' | 'facts' | 'journal' | 'log'
>;

const defaultMaxUnreleased = 10_000;
/** How long the id of what can't be read is kept: no order can be valid for longer. */
export const longestExpiryMs = 30 * 86_400_000;

/** At so many results that wait to be released no new work is taken. */
export const mostUnreleased = ({ settings }: Pick<ExecutionPorts, 'settings'>): number =>
  settings.maxUnreleased ?? defaultMaxUnreleased;

/** After this nothing starts. */
export const deadlineOf = ({ expiresUnixMs, deliveryDeadlineUnixMs }: ValidOrder): number =>
  Math.min(expiresUnixMs, deliveryDeadlineUnixMs);

/** What becomes of an offer that nobody here knows, while so many results wait. */
export function judgeOffer(offer: Offer, unreleased: number, ports: JudgePorts): Judged {
  const { uid, settings, clock, cgroups, rules, facts, journal, log } = ports;
  const { maxOutputBoundBytes } = settings;
  const containment = cgroups === undefined ? 'marker' : 'cgroup';
  const verdict = verifyOrder({ ...offer, uid, containment, maxOutputBoundBytes, rules, facts });
  if ('refusal' in verdict) {
    const { reason, message } = verdict.refusal;
    return { end: rejected(reason, message), expiresUnixMs: clock.now() + longestExpiryMs };
  }
  const { order } = verdict;
  const { expiresUnixMs, command } = order;
  if (unreleased >= mostUnreleased(ports)) {
    return { end: rejected('busy', `${unreleased} results of this node wait to be released`), expiresUnixMs };
  }
  // A clock that was set back opens nothing: it may be an order that ran, expired and was forgotten.
  const forgotten = expiresUnixMs <= journal.forgottenUntilUnixMs;
  const fields = { 'execution.id': offer.execution };
  if (forgotten) log.error(fields, 'refused: orders of its expiry were forgotten already');
  if (forgotten || clock.now() >= deadlineOf(order)) return { end: unrunOutcome('expired'), expiresUnixMs };
  const { trustFile } = command;
  return trustFile === undefined ? { order } : { end: trustOutcome(offer.execution, trustFile, ports), expiresUnixMs };
}

const rejected = (reason: string, message: string): Outcome => ({
  state: 'EXECUTION_STATE_REJECTED',
  reason,
  message: message.slice(0, 1024),
});
