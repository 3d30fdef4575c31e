import type { CancelJob__Output } from '../../../proto/gen/muster/peer/v1/CancelJob.ts';
import type { CancelJobAnswer__Output } from '../../../proto/gen/muster/peer/v1/CancelJobAnswer.ts';
import type { JobUpdate__Output } from '../../../proto/gen/muster/peer/v1/JobUpdate.ts';
import type { JobId } from '../../../shared/ids.ts';
import type { PeerLink } from '../../peers/peer-link.ts';
import type { JobCancels } from '../job-cancels.ts';
import type { WatchFrames } from '../peer-frames.ts';
import type { JobFeeds } from './job-feeds.ts';
import type { JobViews } from './job-views.ts';

/** What replicas tell each other for those who watch and cancel jobs, brought to the part it is for. */
export class JobWatches implements WatchFrames {
  readonly #views: JobViews;
  readonly #feeds: JobFeeds;
  readonly #cancels: JobCancels;

  constructor(options: { views: JobViews; feeds: JobFeeds; cancels: JobCancels }) {
    this.#views = options.views;
    this.#feeds = options.feeds;
    this.#cancels = options.cancels;
  }

  linkUp(): void {
    this.#views.linkUp();
  }

  linkDown(link: PeerLink): void {
    this.#feeds.linkDown(link);
    this.#cancels.linkDown(link);
    this.#views.linkDown(link);
  }

  watchJob(link: PeerLink, job: JobId): void {
    this.#feeds.watchJob(link, job);
  }

  unwatchJob(link: PeerLink, job: JobId): void {
    this.#feeds.unwatchJob(link, job);
  }

  jobUpdate(link: PeerLink, update: JobUpdate__Output): void {
    this.#views.jobUpdate(link, update);
  }

  jobNotHere(link: PeerLink, job: JobId): void {
    this.#views.jobNotHere(link, job);
  }

  cancelJob(link: PeerLink, cancel: CancelJob__Output): void {
    this.#cancels.cancelJob(link, cancel);
  }

  cancelJobAnswer(link: PeerLink, answer: CancelJobAnswer__Output): void {
    this.#cancels.cancelJobAnswer(link, answer);
  }
}
