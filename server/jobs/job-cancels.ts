import type { CancelJob__Output } from '../../proto/gen/muster/peer/v1/CancelJob.ts';
import type { CancelJobAnswer__Output } from '../../proto/gen/muster/peer/v1/CancelJobAnswer.ts';
import { catalog, type ErrorReason, MusterError } from '../../shared/errors.ts';
import { isJobId, type JobId } from '../../shared/ids.ts';
import { type Clock, fullJitterMs } from '../../shared/time.ts';
import type { PeerLink } from '../peers/peer-link.ts';
import type { JobStore } from './job-store.ts';
import type { CancelOptions } from './run/job-frames.ts';
import type { CoordinatorMap } from './views/job-mirror.ts';

type Answer = Pick<CancelJobAnswer__Output, 'error' | 'message'>;

/** How long a coordinator may take to answer before it is looked for again. */
const answerWithinMs = 4000;
/** How long coordinators may say that they can't write before that is the answer: a job is handed over within a second. */
const unavailableForMs = 5000;
const retryBaseMs = 50;
const retryCapMs = 500;
const taken: Answer = { error: '', message: '' };
const notCoordinator: Answer = { error: 'NOT_COORDINATOR', message: 'this replica does not coordinate the job' };

/** Cancels of jobs, brought to whichever replica drives them, store or no store; and those that other replicas bring here. */
export class JobCancels {
  readonly #cancelHere: (job: JobId, cancel: CancelOptions) => Promise<boolean>;
  readonly #coordinators: CoordinatorMap;
  readonly #link: (replica: string) => PeerLink | undefined;
  readonly #replica: string;
  readonly #stored: Pick<JobStore, 'get'>;
  readonly #clock: Clock;
  readonly #asked = new Map<number, { readonly link: PeerLink; readonly answered: (answer: Answer) => void }>();
  #lastRequestId = 0;

  /** `cancelHere`: false where no run of this replica drives the job. */
  constructor(options: {
    cancelHere: (job: JobId, cancel: CancelOptions) => Promise<boolean>;
    coordinators: CoordinatorMap;
    link: (replica: string) => PeerLink | undefined;
    replica: string;
    stored: Pick<JobStore, 'get'>;
    clock: Clock;
  }) {
    this.#cancelHere = options.cancelHere;
    this.#coordinators = options.coordinators;
    this.#link = options.link;
    this.#replica = options.replica;
    this.#stored = options.stored;
    this.#clock = options.clock;
  }

  /**
   * Resolves when the coordinator has taken the cancel and written it down, or the job is closed already; asks again, wherever
   * the job is driven by then, until the signal aborts. Throws UNKNOWN_JOB, STORE_UNAVAILABLE where the store is away from here too, or
   * nobody could write the cancel down for some seconds, and whatever else the coordinator says.
   */
  async cancel(job: JobId, cancel: CancelOptions, signal: AbortSignal): Promise<void> {
    let writableMs = this.#clock.monotonic();
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      const here = await this.#here(job, cancel);
      const answer = here === notCoordinator ? await this.#there(job, cancel, signal) : here;
      if (answer.error === taken.error) return;
      if (answer.error === 'STORE_UNAVAILABLE') {
        if (await this.#isClosedAfter(answer, job)) return;
        if (this.#clock.monotonic() - writableMs >= unavailableForMs) throw errorOf(answer);
      } else if (answer.error === notCoordinator.error) writableMs = this.#clock.monotonic();
      else throw errorOf(answer);
      await this.#change(job, retryBaseMs + fullJitterMs(failures, retryBaseMs, retryCapMs), signal);
    }
  }

  /** Another replica brings one. */
  cancelJob(link: PeerLink, { requestId, job, signal, graceMs }: CancelJob__Output): void {
    const answer = ({ error, message }: Answer): void => link.send({ cancelJobAnswer: { requestId, error, message } });
    if (!isJobId(job)) return answer({ error: 'UNKNOWN_JOB', message: `no job ${job}` });
    this.#here(job, { signal, graceMs }).then(answer, (error: unknown) => answer(answerOf(error)));
  }

  cancelJobAnswer(link: PeerLink, { requestId, error, message }: CancelJobAnswer__Output): void {
    const asked = this.#asked.get(requestId);
    if (asked?.link === link) asked.answered({ error, message });
  }

  linkDown(link: PeerLink): void {
    for (const { link: of, answered } of [...this.#asked.values()]) if (of === link) answered(notCoordinator);
  }

  /** A run that turns out to be deposed is none. */
  async #here(job: JobId, cancel: CancelOptions): Promise<Answer> {
    try {
      return (await this.#cancelHere(job, cancel)) ? taken : notCoordinator;
    } catch (error) {
      if (!(error instanceof MusterError)) throw error;
      return error.reason === 'CONFLICT' ? notCoordinator : answerOf(error);
    }
  }

  async #there(job: JobId, cancel: CancelOptions, signal: AbortSignal): Promise<Answer> {
    const at = this.#coordinators.of(job);
    const link = at && at.replica !== this.#replica ? this.#link(at.replica) : undefined;
    if (link) return await this.#ask(link, job, cancel, signal);
    const closed = !at && !this.#coordinators.isOpen(job) && (await this.#isClosed(job));
    return closed ? taken : notCoordinator;
  }

  /** A coordinator that can't write is fenced, or hands the job over, and there will be another; unless the store is away for all. */
  async #isClosedAfter(unavailable: Answer, job: JobId): Promise<boolean> {
    try {
      return await this.#isClosed(job);
    } catch (error) {
      if (error instanceof MusterError && error.reason === 'STORE_UNAVAILABLE') throw errorOf(unavailable);
      throw error;
    }
  }

  /** One try; no answer in time is as good as nobody there: asking again is harmless. */
  async #ask(link: PeerLink, job: JobId, { signal, graceMs }: CancelOptions, abort: AbortSignal): Promise<Answer> {
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const give = (): void => resolve(notCoordinator);
    const late = this.#clock.after(answerWithinMs, give);
    abort.addEventListener('abort', give, { once: true });
    this.#asked.set(requestId, { link, answered: resolve });
    link.send({ cancelJob: { requestId, job, signal, ...(graceMs !== undefined && { graceMs }) } });
    try {
      return await promise;
    } finally {
      this.#asked.delete(requestId);
      abort.removeEventListener('abort', give);
      late.cancel();
    }
  }

  async #isClosed(job: JobId): Promise<boolean> {
    const stored = await this.#stored.get(job);
    if (stored === undefined) throw new MusterError('UNKNOWN_JOB', `no job ${job}`, { field: 'job_id' });
    return stored.record.state === 'closed';
  }

  /** Until the job has another coordinator, or for `ms`. */
  async #change(job: JobId, ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const unsubscribe = this.#coordinators.subscribe((changed) => {
      if (changed === job) resolve();
    });
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop, { once: true });
    const timer = this.#clock.after(ms, resolve);
    await promise;
    timer.cancel();
    unsubscribe();
    signal.removeEventListener('abort', stop);
  }
}

const isReason = (text: string): text is ErrorReason => Object.hasOwn(catalog, text);

const errorOf = ({ error, message }: Answer): MusterError =>
  new MusterError(isReason(error) ? error : 'INTERNAL', message);

const answerOf = (error: unknown): Answer =>
  error instanceof MusterError
    ? { error: error.reason, message: error.message }
    : { error: 'INTERNAL', message: 'the cancel failed unexpectedly' };
