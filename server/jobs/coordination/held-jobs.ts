import type { JobCancels__Output } from '../../../proto/gen/muster/peer/v1/JobCancels.ts';
import type { JobEnd__Output } from '../../../proto/gen/muster/peer/v1/JobEnd.ts';
import type { JobOffer__Output } from '../../../proto/gen/muster/peer/v1/JobOffer.ts';
import type { JobOffers__Output } from '../../../proto/gen/muster/peer/v1/JobOffers.ts';
import type { JobOpen__Output } from '../../../proto/gen/muster/peer/v1/JobOpen.ts';
import type { JobReleases__Output } from '../../../proto/gen/muster/peer/v1/JobReleases.ts';
import type { ExecutionEvent__Output } from '../../../proto/gen/muster/v1/ExecutionEvent.ts';
import type { ExecutionResult } from '../../../proto/gen/muster/v1/ExecutionResult.ts';
import {
  type ExecutionId,
  executionId,
  isJobId,
  type JobId,
  type NodeUid,
  parseExecutionId,
} from '../../../shared/ids.ts';
import type { Log } from '../../../shared/log.ts';
import { neededCapabilities } from '../../../shared/order/queueing.ts';
import { decodeOrder } from '../../../shared/order.ts';
import type { SignedOrder } from '../../../shared/signing/order-signature.ts';
import type { Clock } from '../../../shared/time.ts';
import type { NodeSession } from '../../fleet/node-session.ts';
import type { Session } from '../../fleet/session.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import { boundedResult } from '../bounded-result.ts';
import type { LateResult } from '../late-results.ts';
import { JobStdin } from '../run/job-stdin.ts';
import { type Claim, type CoordinatorFence, claimFields, claimOf } from './coordinator-fence.ts';
import { EventLane } from './event-lane.ts';

const attempt = 1;
const maxUnreleased = 16_384;
const unfenceEveryMs = 250;
/** Some 70 bytes each. */
const executionsAPage = 8192;

/** One job that another replica drives. */
interface HeldJob {
  readonly job: JobId;
  readonly link: PeerLink;
  readonly signed: SignedOrder;
  readonly stdin: JobStdin | undefined;
  /** Capabilities that an agent must have for it. */
  readonly needs: readonly string[];
  /** Passed on, and not released yet. */
  readonly unreleased: Map<ExecutionId, { readonly session: NodeSession; readonly result: ExecutionResult }>;
  /** Came while this replica was fenced. */
  fencedOffers: JobOffer__Output[];
}

export interface HeldJobsOptions {
  readonly fence: CoordinatorFence;
  readonly session: (uid: NodeUid) => Session | undefined;
  readonly sessions: () => Iterable<Session>;
  readonly stdin: (job: JobId) => Promise<Buffer>;
  readonly clock: Clock;
  readonly log: Log;
  readonly fenced: () => boolean;
  /** Takes a result that its coordinator is not there for any more. */
  readonly late: (late: LateResult) => void;
  /** A coordinator has opened the job. */
  readonly opened: (job: JobId, claim: Claim) => void;
  readonly executionsAPage?: number;
  /** Results kept here, over all jobs. */
  readonly maxUnreleased?: number;
}

/**
 * Jobs that other replicas drive on nodes held here: carries out what their coordinators say, passes on what the agents say, and
 * obeys only the latest coordinator of each. Of a result it lets go when it is released, or when it has found another keeper.
 */
export class HeldJobs {
  readonly #options: HeldJobsOptions;
  readonly #held = new Map<JobId, HeldJob>();
  readonly #lanes = new WeakMap<PeerLink, EventLane>();
  readonly #maxUnreleased: number;
  #unreleased = 0;

  constructor(options: HeldJobsOptions) {
    this.#options = options;
    this.#maxUnreleased = options.maxUnreleased ?? maxUnreleased;
  }

  open(link: PeerLink, { job, order, signature, fresh, ...frame }: JobOpen__Output): void {
    const claim = claimOf(frame);
    if (!isJobId(job) || !this.#admits(link, job, claim)) return;
    this.#options.opened(job, claim);
    const before = this.#held.get(job);
    const signed = { order: Buffer.from(order), signature: Buffer.from(signature) };
    this.#held.set(job, {
      ...{ job, link, signed, fencedOffers: [] },
      ...(before ? { stdin: before.stdin, needs: before.needs } : this.#read(job, signed.order)),
      unreleased: before?.unreleased ?? new Map(),
    });
    if (!fresh) this.#answer(link, job, claim);
  }

  offers(link: PeerLink, { job, offers, ...frame }: JobOffers__Output): void {
    const held = this.#of(link, job, claimOf(frame));
    if (!held) return;
    if (!this.#options.fenced() && held.fencedOffers.length === 0) return this.#start(held, offers);
    if (held.fencedOffers.length === 0) this.#startLater(held);
    held.fencedOffers.push(...offers);
  }

  cancels(link: PeerLink, { job, cancels, ...frame }: JobCancels__Output): void {
    if (!this.#of(link, job, claimOf(frame))) return;
    for (const { execution, signal, graceMs } of cancels) {
      const grace = graceMs === undefined ? {} : { graceMs };
      this.#sessionOf(job, execution)?.cancel({ execution, signal, ...grace });
    }
  }

  releases(link: PeerLink, { job, executions, unknownJob, ...frame }: JobReleases__Output): void {
    const held = this.#of(link, job, claimOf(frame));
    if (!held) return;
    for (const execution of executions as ExecutionId[]) {
      if (held.unreleased.delete(execution)) this.#unreleased -= 1;
      this.#sessionOf(job, execution)?.release([execution], unknownJob);
    }
  }

  end(link: PeerLink, { job, ...frame }: JobEnd__Output): void {
    const held = this.#of(link, job, claimOf(frame));
    if (held) this.#drop(held);
  }

  linkDown(link: PeerLink): void {
    for (const held of [...this.#held.values()]) if (held.link === link) this.#drop(held);
  }

  /** A checked event of a session of this replica; false where nobody elsewhere waits for it. */
  event(session: NodeSession, execution: ExecutionId, event: ExecutionEvent__Output): boolean {
    if (event.finished) return this.finished({ session, execution, result: boundedResult(event.finished) });
    const held = this.#heldOf(execution);
    if (held) this.#lane(held.link).push({ ...event, execution });
    return held !== undefined;
  }

  /** A result within bounds; false where nobody elsewhere waits for it. */
  finished({ session, execution, result }: LateResult): boolean {
    const held = this.#heldOf(execution);
    if (!held) return false;
    const known = held.unreleased.has(execution);
    // Passed on all the same: beyond the bound it is its agent alone that keeps it.
    if (known || this.#unreleased < this.#maxUnreleased) {
      if (!known) this.#unreleased += 1;
      held.unreleased.set(execution, { session, result });
    }
    this.#lane(held.link).push({ execution, finished: result });
    return true;
  }

  /** A run of this replica drives the job from now on: what waited for another coordinator is its. */
  succeed(job: JobId): void {
    const held = this.#held.get(job);
    if (held) this.#drop(held);
  }

  /** What agents held here have of the job, in pages. */
  #answer(link: PeerLink, job: JobId, claim: Claim): void {
    const { sessions, executionsAPage: aPage = executionsAPage } = this.#options;
    const executions: string[] = [];
    for (const session of sessions()) {
      const execution = executionId(job, session.uid, attempt);
      if (session.live && session.holds(execution)) executions.push(execution);
    }
    let from = 0;
    do {
      const page = executions.slice(from, from + aPage);
      from += aPage;
      link.send({ jobOpened: { job, ...claimFields(claim), executions: page, more: from < executions.length } });
    } while (from < executions.length);
  }

  #admits(link: PeerLink, job: JobId, claim: Claim): boolean {
    const { fence, log } = this.#options;
    if (fence.admits(job, claim)) return true;
    const latest = fence.latest(job);
    log.warn({ 'job.id': job, peer: link.replica, claim, latest }, 'a coordinator that was succeeded is refused');
    link.send({ stale: { job, era: latest.era, highestRevision: latest.revision } });
    return false;
  }

  /** Undefined where the job was not opened on this link, or by an earlier coordinator than the latest. */
  #of(link: PeerLink, job: string, claim: Claim): HeldJob | undefined {
    if (!isJobId(job) || !this.#admits(link, job, claim)) return undefined;
    const held = this.#held.get(job);
    return held?.link === link ? held : undefined;
  }

  #heldOf(execution: ExecutionId): HeldJob | undefined {
    const id = parseExecutionId(execution);
    const held = id && this.#held.get(id.job);
    return held?.link.live ? held : undefined;
  }

  #sessionOf(job: string, execution: string): Session | undefined {
    const id = parseExecutionId(execution);
    const session = id?.job === job ? this.#options.session(id.node) : undefined;
    return session?.live ? session : undefined;
  }

  /** A node that is not here any more hears of it where it is now: its coordinator finds it missing there. */
  #start(held: HeldJob, offers: readonly JobOffer__Output[]): void {
    const valid = (): boolean => this.#held.get(held.job) === held;
    for (const { execution, proof, traceparent } of offers as (JobOffer__Output & { execution: ExecutionId })[]) {
      const session = this.#sessionOf(held.job, execution);
      if (!session) continue;
      const known = session.holds(execution);
      session.start(execution, { ...held.signed, proof, traceparent, needs: held.needs, valid });
      if (known || !held.stdin) continue;
      const wanted = (): boolean => session.live && session.holds(execution);
      held.stdin.give(wanted, (data) => session.input(execution, data));
    }
  }

  /** A coordinator that merely claimed the job anew, under another lease, does not offer them again. */
  #startLater(held: HeldJob): void {
    const { clock, fenced } = this.#options;
    clock.after(unfenceEveryMs, () => {
      if (this.#held.get(held.job) !== held) held.fencedOffers = [];
      else if (fenced()) this.#startLater(held);
      else this.#start(held, held.fencedOffers.splice(0));
    });
  }

  #read(job: JobId, orderBytes: Buffer): Pick<HeldJob, 'stdin' | 'needs'> {
    const { clock, log, stdin } = this.#options;
    try {
      const order = decodeOrder(orderBytes);
      const wanted = order.stdin && new JobStdin({ clock, load: () => stdin(job) });
      return { stdin: wanted, needs: neededCapabilities(order) };
    } catch (error) {
      log.error({ err: error, 'job.id': job }, 'a coordinator sent an order that can not be read');
      return { stdin: undefined, needs: [] };
    }
  }

  #drop(held: HeldJob): void {
    if (this.#held.get(held.job) !== held) return;
    this.#held.delete(held.job);
    this.#unreleased -= held.unreleased.size;
    for (const [execution, { session, result }] of held.unreleased) this.#options.late({ session, execution, result });
  }

  #lane(link: PeerLink): EventLane {
    const lane = this.#lanes.get(link) ?? new EventLane({ link });
    this.#lanes.set(link, lane);
    return lane;
  }
}
