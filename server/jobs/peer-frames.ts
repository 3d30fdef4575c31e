import type { CancelJob__Output } from '../../proto/gen/muster/peer/v1/CancelJob.ts';
import type { CancelJobAnswer__Output } from '../../proto/gen/muster/peer/v1/CancelJobAnswer.ts';
import type { JobUpdate__Output } from '../../proto/gen/muster/peer/v1/JobUpdate.ts';
import type { PeerFrame__Output } from '../../proto/gen/muster/peer/v1/PeerFrame.ts';
import { isJobId, type JobId } from '../../shared/ids.ts';
import type { PeerLink, PeerSink, RemoteSession } from '../peers/peer-link.ts';
import type { Jobs } from './jobs.ts';

/** Whoever shows jobs to those who watch them, here and elsewhere. */
export interface WatchFrames {
  linkUp(link: PeerLink): void;
  linkDown(link: PeerLink): void;
  watchJob(link: PeerLink, job: JobId): void;
  unwatchJob(link: PeerLink, job: JobId): void;
  jobUpdate(link: PeerLink, update: JobUpdate__Output): void;
  jobNotHere(link: PeerLink, job: JobId): void;
  cancelJob(link: PeerLink, cancel: CancelJob__Output): void;
  cancelJobAnswer(link: PeerLink, answer: CancelJobAnswer__Output): void;
}

/** What the links to other replicas tell, brought to whom it concerns. A frame that names no job concerns nobody. */
export class PeerFrames implements PeerSink {
  readonly #jobs: Jobs;
  readonly #watches: WatchFrames;

  constructor(options: { jobs: Jobs; watches: WatchFrames }) {
    this.#jobs = options.jobs;
    this.#watches = options.watches;
  }

  linkUp(link: PeerLink): void {
    for (const uid of link.sessions.keys()) this.#jobs.changed(uid);
    this.#watches.linkUp(link);
  }

  linkDown(link: PeerLink): void {
    this.#jobs.linkDown(link);
    this.#watches.linkDown(link);
  }

  sessionOpened({ uid }: RemoteSession): void {
    this.#jobs.changed(uid);
  }

  sessionClosed({ uid }: RemoteSession): void {
    this.#jobs.changed(uid);
  }

  frame(link: PeerLink, frame: PeerFrame__Output): void {
    const { held } = this.#jobs;
    if (frame.jobOpen) held.open(link, frame.jobOpen);
    else if (frame.offers) held.offers(link, frame.offers);
    else if (frame.cancels) held.cancels(link, frame.cancels);
    else if (frame.releases) held.releases(link, frame.releases);
    else if (frame.jobEnd) held.end(link, frame.jobEnd);
    else if (frame.jobOpened) this.#jobs.jobOpened(link, frame.jobOpened);
    else if (frame.events) this.#jobs.events(link, frame.events);
    else if (frame.stale) this.#jobs.stale(frame.stale);
    else this.#watch(link, frame);
  }

  #watch(link: PeerLink, frame: PeerFrame__Output): void {
    const watches = this.#watches;
    const { watchJob, unwatchJob, jobNotHere, jobUpdate, cancelJob, cancelJobAnswer } = frame;
    if (watchJob && isJobId(watchJob.job)) watches.watchJob(link, watchJob.job);
    else if (unwatchJob && isJobId(unwatchJob.job)) watches.unwatchJob(link, unwatchJob.job);
    else if (jobNotHere && isJobId(jobNotHere.job)) watches.jobNotHere(link, jobNotHere.job);
    else if (jobUpdate && isJobId(jobUpdate.job)) watches.jobUpdate(link, jobUpdate);
    else if (cancelJob) watches.cancelJob(link, cancelJob);
    else if (cancelJobAnswer) watches.cancelJobAnswer(link, cancelJobAnswer);
  }
}
