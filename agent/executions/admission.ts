import { createHash } from 'node:crypto';
import type { ReceivedRecord, ReceivedRecord__Output } from '../../proto/gen/muster/store/v1/ReceivedRecord.ts';
import type { ExecutionResult } from '../../proto/gen/muster/v1/ExecutionResult.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { ValidOrder } from '../../shared/order.ts';
import { codec } from '../../shared/rpc/proto.ts';
import type { Timer } from '../../shared/time.ts';
import type { Offer } from '../executor.ts';
import { resolveRunAs } from '../sandbox/run-as.ts';
import type { Spool } from '../spool/spool.ts';
import { Execution } from './execution.ts';
import { deadlineOf, judgeOffer, longestExpiryMs, mostUnreleased } from './judge-offer.ts';
import type { ExecutionPorts } from './ports.ts';
import { type Outcome, unrunOutcome } from './results.ts';
import { Settling } from './settling.ts';
import { StdinFile } from './stdin-file.ts';
import { UnrunEnds } from './unrun-ends.ts';

export const receivedRecords = codec<ReceivedRecord, ReceivedRecord__Output>('muster.store.v1.ReceivedRecord');

/** An offer on its way to the journal; nothing is promised yet. */
interface Candidate {
  readonly offer: Offer;
  readonly digest: string;
  readonly order: ValidOrder;
  /** Undefined once it is complete, or where the order wants none. */
  stdin: StdinFile | undefined;
  /** As long as input is missing. */
  deadline?: Timer;
  /** It came while the rest was on its way. */
  cancel?: { readonly signal: number; readonly graceMs: number | undefined };
  /** A session has begun whose Hello lacks it: it is accepted only where it is offered again. */
  dropped: boolean;
  /** For readers that come before it is decided: undefined where there will be no output. */
  readonly spool: PromiseWithResolvers<Spool | undefined>;
}

export interface AdmissionOptions {
  readonly ports: ExecutionPorts;
  /** Results that no replica has released. */
  readonly unreleased: () => number;
  /** It is journaled. `cancel` came while that was on its way. */
  readonly onAccepted: (execution: Execution, cancel: Candidate['cancel']) => void;
  /** Over without ever having been accepted, and journaled. */
  readonly onEnded: (id: ExecutionId, result: ExecutionResult) => void;
}

/** Refusals are results too; this far above the limit offers wait, as many again. */
const refusalsAboveLimit = 2000;
/** After the disk refused something, or where there are too many. */
const againMs = 1000;

/**
 * What becomes of an offer: refused, expired, or journaled and handed on as an execution. Standard input is complete and checked
 * before anything is promised; a candidate that never gets that far is in no journal.
 */
export class Admission {
  readonly #ports: ExecutionPorts;
  readonly #unreleased: () => number;
  readonly #onAccepted: AdmissionOptions['onAccepted'];
  readonly #candidates = new Map<ExecutionId, Candidate>();
  /** Ends of what was never accepted, on their way to the journal. */
  readonly #ending: UnrunEnds;
  /** So many results wait that not even a refusal can be kept. */
  readonly #waiting = new Map<ExecutionId, Offer>();
  readonly #settling: Settling;
  #closed = false;

  constructor(options: AdmissionOptions) {
    this.#ports = options.ports;
    const pending = () => this.#ending.size > 0 || this.#undecided().next().done !== true;
    this.#settling = new Settling({ clock: options.ports.clock, pending });
    this.#unreleased = options.unreleased;
    this.#onAccepted = options.onAccepted;
    this.#ending = new UnrunEnds({
      ports: options.ports,
      onEnded: (id, result) => {
        options.onEnded(id, result);
        this.#settling.changed();
      },
    });
  }

  /** SHA-256 of the order's bytes, hex: what tells a redelivery from a conflict. */
  static digestOf(offer: Offer): string {
    return createHash('sha256').update(offer.order).digest('hex');
  }

  /** The digest of the candidate with this id. */
  digest(id: ExecutionId): string | undefined {
    return this.#candidates.get(id)?.digest;
  }

  /** Output that a candidate will have. */
  spool(id: ExecutionId): Promise<Spool | undefined> | undefined {
    return this.#candidates.get(id)?.spool.promise;
  }

  offer(offer: Offer, digest: string): void {
    const { execution } = offer;
    const known = this.#candidates.get(execution);
    if (known) {
      known.dropped = false;
      // Another session sends its input from the first byte again.
      return known.stdin?.restart();
    }
    if (this.#closed || this.#ending.has(execution) || this.#waiting.has(execution)) return;
    const ports = this.#ports;
    const { clock } = ports;
    const unreleased = this.#unreleased() + this.#candidates.size + this.#ending.size;
    if (unreleased >= mostUnreleased(ports) + refusalsAboveLimit) return this.#wait(offer, digest);
    const judged = judgeOffer(offer, unreleased, ports);
    if ('end' in judged) return this.#ending.end(execution, digest, judged.expiresUnixMs, judged.end);
    const { order } = judged;
    const spool = Promise.withResolvers<Spool | undefined>();
    const candidate: Candidate = { offer, digest, order, stdin: undefined, dropped: false, spool };
    this.#candidates.set(execution, candidate);
    if (order.stdin === undefined) return void this.#accept(candidate);
    try {
      // At once: its pieces come right behind.
      candidate.stdin = new StdinFile({ folder: ports.folders.execution(execution), expected: order.stdin });
    } catch (err) {
      return this.#refuseInput(candidate, err);
    }
    // A session that broke in the middle may never come again.
    candidate.deadline = clock.after(deadlineOf(order) - clock.now(), () => this.#expire(candidate));
  }

  input(id: ExecutionId, offset: number, data: Buffer): void {
    const candidate = this.#candidates.get(id);
    if (candidate?.stdin === undefined || this.#closed) return;
    try {
      const taken = candidate.stdin.write(offset, data);
      if (taken === 'more') return;
      if (taken !== 'complete') return this.#refuseCandidate(candidate, 'stdin', `order.stdin_digest: ${taken.fault}`);
    } catch (err) {
      return this.#refuseInput(candidate, err);
    }
    candidate.deadline?.cancel();
    candidate.stdin = undefined;
    void this.#accept(candidate);
  }

  /** Leaves a tombstone for an id that neither the journal nor a live execution knows. */
  cancel(id: ExecutionId, signal: number, graceMs: number | undefined): void {
    const candidate = this.#candidates.get(id);
    if (candidate && candidate.stdin === undefined) {
      candidate.cancel = { signal, graceMs };
      return;
    }
    if (this.#closed || this.#ending.has(id)) return;
    this.#waiting.delete(id);
    if (candidate) this.#forget(candidate);
    const expiresUnixMs = candidate?.order.expiresUnixMs ?? this.#ports.clock.now() + longestExpiryMs;
    this.#ending.end(id, candidate?.digest ?? '', expiresUnixMs, cancelledOutcome);
  }

  /**
   * Resolves when nothing that was offered so far can be accepted any more without being offered again: it is journaled, refused, or, where
   * the disk takes longer than `withinMs`, given up.
   */
  async settled(withinMs: number): Promise<void> {
    this.#waiting.clear();
    await this.#settling.wait(withinMs);
    for (const candidate of this.#undecided()) {
      candidate.dropped = true;
      const fields = { 'execution.id': candidate.offer.execution };
      this.#ports.log.error(fields, 'an offer is given up: the journal takes too long');
    }
  }

  close(): void {
    this.#closed = true;
    for (const { deadline } of this.#candidates.values()) deadline?.cancel();
    this.#candidates.clear();
    this.#ending.close();
    this.#waiting.clear();
    this.#settling.changed();
  }

  /** Complete, on their way to the journal, and to be accepted once they are in it. */
  *#undecided(): Generator<Candidate, void> {
    for (const candidate of this.#candidates.values())
      if (candidate.stdin === undefined && !candidate.dropped) yield candidate;
  }

  /** Folder and RECEIVED on disk, then it is promised. */
  async #accept(candidate: Candidate): Promise<void> {
    const ports = this.#ports;
    const { offer, digest, order } = candidate;
    const { execution: id, traceparent } = offer;
    if (this.#closed) return;
    if (ports.clock.now() >= deadlineOf(order)) return this.#expire(candidate);
    let giveUp = (): void => {};
    try {
      const { runAs } = order.command;
      const resolved = runAs === '' ? { user: undefined } : await resolveRunAs(runAs, process.getuid?.() ?? -1);
      if ('refusal' in resolved) return this.#refuseCandidate(candidate, 'run-as', `order.${resolved.refusal}`);
      const acceptedUnixMs = ports.clock.now();
      const received = receivedRecords.encode({ order: offer.order, proof: offer.proof, traceparent, acceptedUnixMs });
      if (this.#closed) return;
      if (candidate.dropped) return this.#letGo(candidate);
      const record = { type: 'received', id, digest, expiresUnixMs: order.expiresUnixMs } as const;
      // Taken where the append is asked for: lanes keep the journal's order.
      const lane = order.lane?.name;
      const turn = ports.lanes.nextTurn(lane);
      if (lane !== undefined) giveUp = () => ports.lanes.giveUp(lane, turn);
      // Either without the other does no harm: an agent that finds only one makes or removes the other.
      const [made, journaled] = await Promise.allSettled([
        ports.folders.create(id),
        ports.journal.append(record, received),
      ]);
      if (journaled.status === 'rejected') throw journaled.reason;
      // From here on the id is known: without its folder it will not start, and its result says so.
      if (made.status === 'rejected') ports.log.error({ err: made.reason, 'execution.id': id }, 'no folder');
      ports.failpoints.pass('received');
      if (candidate.dropped) {
        giveUp();
        return this.#letGo(candidate, { journaled: true });
      }
      this.#candidates.delete(id);
      const { user } = resolved;
      const recovered = false;
      const execution = new Execution({ id, order, digest, acceptedUnixMs, traceparent, user, turn, recovered, ports });
      candidate.spool.resolve(execution.spool);
      this.#onAccepted(execution, candidate.cancel);
      this.#settling.changed();
    } catch (err) {
      giveUp();
      if (this.#closed) return;
      if (candidate.dropped) return this.#letGo(candidate);
      ports.log.error({ err, 'execution.id': id }, 'an offer could not be journaled; trying again');
      // Who offered it does not offer it again as long as the session lasts.
      if (this.#candidates.get(id) === candidate) ports.clock.after(againMs, () => void this.#accept(candidate));
    }
  }

  #wait(offer: Offer, digest: string): void {
    const { clock, journal, log } = this.#ports;
    const id = offer.execution;
    if (this.#waiting.size >= refusalsAboveLimit) {
      log.error({ 'execution.id': id }, 'an offer is left unanswered: there are too many');
      return;
    }
    this.#waiting.set(id, offer);
    clock.after(againMs, () => {
      // A cancel or another session may have come before.
      if (this.#waiting.get(id) !== offer) return;
      this.#waiting.delete(id);
      if (journal.get(id)) return;
      this.offer(offer, digest);
    });
  }

  #expire(candidate: Candidate): void {
    this.#forget(candidate);
    const { offer, digest, order } = candidate;
    this.#ending.end(offer.execution, digest, order.expiresUnixMs, unrunOutcome('expired'));
  }

  /** Given up, and not offered again since. */
  #letGo(candidate: Candidate, { journaled = false } = {}): void {
    const { offer, digest, order, cancel } = candidate;
    const { execution: id } = offer;
    this.#forget(candidate);
    if (cancel) return this.#ending.end(id, digest, order.expiresUnixMs, cancelledOutcome);
    // Whoever reads the journal next must not start it.
    if (journaled) this.#ending.refuse(id, digest, order.expiresUnixMs, 'journal', 'the journal took it too late');
  }

  #forget(candidate: Candidate): void {
    candidate.deadline?.cancel();
    candidate.stdin?.discard();
    candidate.spool.resolve(undefined);
    this.#candidates.delete(candidate.offer.execution);
  }

  /** Its pieces will not be sent again as long as the session lasts. */
  #refuseInput(candidate: Candidate, err: unknown): void {
    this.#ports.log.error({ err, 'execution.id': candidate.offer.execution }, 'standard input could not be kept');
    this.#refuseCandidate(candidate, 'stdin', `standard input could not be kept: ${(err as Error).message}`);
  }

  #refuseCandidate(candidate: Candidate, reason: string, message: string): void {
    const { offer, digest, order } = candidate;
    this.#forget(candidate);
    this.#ending.refuse(offer.execution, digest, order.expiresUnixMs, reason, message);
  }
}

const cancelledOutcome = {
  state: 'EXECUTION_STATE_CANCELLED',
  message: 'cancelled before it was accepted',
} as const satisfies Outcome;
