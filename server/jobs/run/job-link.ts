import type { JobOffer } from '../../../proto/gen/muster/peer/v1/JobOffer.ts';
import type { JobOpened__Output } from '../../../proto/gen/muster/peer/v1/JobOpened.ts';
import type { PeerFrame } from '../../../proto/gen/muster/peer/v1/PeerFrame.ts';
import type { Cancel } from '../../../proto/gen/muster/v1/Cancel.ts';
import type { ExecutionId, JobId } from '../../../shared/ids.ts';
import type { SignedOrder } from '../../../shared/signing/order-signature.ts';
import { sleep } from '../../../shared/time.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import { type Claim, claimFields, claimOf, isLater } from '../coordination/coordinator-fence.ts';

const maxFrameBytes = 1024 * 1024;
const maxItems = 8192;
const unfenceEveryMs = 100;

type Batch =
  | { readonly kind: 'offers'; readonly items: JobOffer[]; bytes: number }
  | { readonly kind: 'cancels'; readonly items: Cancel[]; bytes: number }
  | { readonly kind: 'releases'; readonly items: ExecutionId[]; bytes: number; readonly unknownJob: boolean };

/**
 * What the run of one job says over one link, in its order: what is said in one tick shares frames of at most 1 MiB, and no more is
 * handed to the link than it can send. Lives as long as both; a Start that waits here leaves only while the replica is not fenced.
 */
export class JobLink {
  readonly link: PeerLink;
  /** What the holder's agents have of the job is known: until then they count as away. */
  answered: boolean;
  readonly #job: JobId;
  readonly #claim: () => Claim;
  /** With which the job was opened. */
  readonly #opened: Claim;
  /** Pages of an answer that is still coming. */
  #pages: string[] = [];
  readonly #fenced: () => boolean;
  #waiting: Batch[] = [];
  #sending = false;
  #over = false;

  /** Says `JobOpen` at once. `answered`: nobody can have offered anything of the job there before. */
  constructor(options: {
    link: PeerLink;
    job: JobId;
    signed: SignedOrder;
    /** The coordinator's, as it is when something is said. */
    claim: () => Claim;
    fenced: () => boolean;
    answered: boolean;
  }) {
    const { link, job, signed, answered, claim } = options;
    this.link = link;
    this.answered = answered;
    this.#job = job;
    this.#claim = claim;
    this.#opened = claim();
    this.#fenced = options.fenced;
    link.send({ jobOpen: { job, ...claimFields(this.#opened), ...signed, fresh: answered } });
  }

  /** A page of the answer; all that the holder said, once it is the last. Undefined too where it answers an earlier coordinator. */
  page(opened: JobOpened__Output): readonly string[] | undefined {
    const claim = claimOf(opened);
    if (isLater(claim, this.#opened) || isLater(this.#opened, claim)) return undefined;
    this.#pages.push(...opened.executions);
    if (opened.more) return undefined;
    this.answered = true;
    const all = this.#pages;
    this.#pages = [];
    return all;
  }

  offer(offer: JobOffer): void {
    const proofBytes = 34 * (offer.proof?.siblings?.length ?? 0);
    this.#batch('offers', 160 + proofBytes).items.push(offer);
  }

  cancel(cancel: Cancel): void {
    this.#batch('cancels', 96).items.push(cancel);
  }

  release(executions: readonly ExecutionId[], unknownJob: boolean): void {
    for (const execution of executions) this.#batch('releases', 80, unknownJob).items.push(execution);
  }

  /** The run is over: releases still go, nothing else, and the holder is told. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = this.#waiting.filter(({ kind }) => kind === 'releases');
    for (const batch of this.#waiting.splice(0)) this.link.send(this.#frame(batch));
    this.link.send({ jobEnd: { job: this.#job, ...claimFields(this.#claim()) } });
  }

  #batch<Kind extends Batch['kind']>(kind: Kind, bytes: number, unknownJob = false): Extract<Batch, { kind: Kind }> {
    let batch = this.#waiting.at(-1);
    const fits =
      batch?.kind === kind &&
      batch.bytes + bytes <= maxFrameBytes &&
      batch.items.length < maxItems &&
      (batch.kind !== 'releases' || batch.unknownJob === unknownJob);
    if (!fits || !batch) {
      batch = { kind, items: [], bytes: 0, ...(kind === 'releases' && { unknownJob }) } as Batch;
      this.#waiting.push(batch);
    }
    batch.bytes += bytes;
    void this.#send();
    return batch as Extract<Batch, { kind: Kind }>;
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      // What else is said in this tick comes along.
      await Promise.resolve();
      while (this.#waiting.length > 0 && !this.#over && this.link.live) {
        if (this.#waiting[0]?.kind === 'offers' && this.#fenced()) {
          await sleep(unfenceEveryMs);
          continue;
        }
        const batch = this.#waiting.shift();
        if (batch) this.link.send(this.#frame(batch));
        if (this.#waiting.length > 0) await this.link.drained();
      }
    } catch {
      // The link is down: so are its sessions, and the run knows.
    } finally {
      this.#sending = false;
    }
  }

  #frame(batch: Batch): PeerFrame {
    const head = { job: this.#job, ...claimFields(this.#claim()) };
    if (batch.kind === 'offers') return { offers: { ...head, offers: batch.items } };
    if (batch.kind === 'cancels') return { cancels: { ...head, cancels: batch.items } };
    return { releases: { ...head, executions: batch.items, unknownJob: batch.unknownJob } };
  }
}
