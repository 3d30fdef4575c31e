import type { ListJobsRequest__Output } from '../../proto/gen/muster/v1/ListJobsRequest.ts';
import { isJobId, type JobId } from '../../shared/ids.ts';
import type { JobFacts } from '../jobs/end-counts.ts';
import type { JobViews } from '../jobs/views/job-views.ts';
import { parseSubmitted } from '../store/keys.ts';
import { badPageToken, pageSize } from './page.ts';

/** Orders are up to 512 KiB each, and every client must be able to take a page. */
const pageBytes = 2 * 1024 * 1024;

interface JobPage {
  readonly jobs: readonly JobFacts[];
  readonly nextPageToken: string;
}

/** A page of jobs: all of them newest first, open ones by id. It ends early where its orders are large. */
export async function listJobs(views: JobViews, request: ListJobsRequest__Output): Promise<JobPage> {
  const { pageToken: token, openOnly } = request;
  if (token !== '' && (openOnly ? !isJobId(token) : parseSubmitted(token) === undefined)) throw badPageToken();
  const limit = pageSize(request.pageSize, 50);
  const page = openOnly ? await openJobs(views, limit, token) : await views.stored.newest(limit, token);
  const listed: JobFacts[] = [];
  let bytes = 0;
  for (const [index, { id, key }] of page.jobs.entries()) {
    const progress = await views.facts(id);
    if (progress === undefined) continue;
    bytes += progress.signed.order.length;
    if (listed.length > 0 && bytes > pageBytes)
      return { jobs: listed, nextPageToken: page.jobs[index - 1]?.key ?? key };
    listed.push(progress);
  }
  return { jobs: listed, nextPageToken: page.next ?? '' };
}

async function openJobs(views: JobViews, limit: number, token: string) {
  const open = (await views.stored.openJobs()).filter((id) => id > token);
  const page = open.slice(0, limit).map((id: JobId) => ({ id, key: id as string }));
  return { jobs: page, next: open.length > limit ? page.at(-1)?.key : undefined };
}
