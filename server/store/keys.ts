import { type ExecutionId, isJobId, isNodeUid, type JobId, type NodeUid } from '../../shared/ids.ts';

/** Widths that keep the text of a number in its numeric order. */
const chunkDigits = 6;
const revisionDigits = 16;
const batchDigits = 8;

const padded = (value: number, digits: number): string => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a number for a key: ${value}`);
  return value.toString().padStart(digits, '0');
};

/** Every key of the store, below its prefix. A name that ends in `Prefix` is for `list`, `watch` and `deletePrefix`. */
export const keys = {
  era: 'cluster/era',
  leader: 'leader',

  replicaPrefix: 'replicas/',
  replica: (replica: string): string => `replicas/${replica}`,

  nodePrefix: 'nodes/',
  node: (uid: NodeUid): string => `nodes/${uid}`,
  namePrefix: 'names/',
  name: (name: string): string => `names/${name}`,
  presencePrefix: 'presence/',
  presence: (uid: NodeUid): string => `presence/${uid}`,

  jobsPrefix: 'jobs/',
  /** Everything of one job but `open/` and `coordinators/`. */
  jobPrefix: (job: JobId): string => `jobs/${job}/`,
  /** Sorts after every key of the job and before those of the next: `after` for a listing that skips from job to job. */
  jobEnd: (job: JobId): string => `jobs/${job}/~`,
  order: (job: JobId): string => `jobs/${job}/order`,
  state: (job: JobId): string => `jobs/${job}/state`,
  targetPrefix: (job: JobId): string => `jobs/${job}/targets/`,
  /** Chunk `n` of the targets, from 0. */
  target: (job: JobId, n: number): string => `jobs/${job}/targets/${padded(n, chunkDigits)}`,
  stdinPrefix: (job: JobId): string => `jobs/${job}/stdin/`,
  /** Chunk `n` of the stdin, from 0. */
  stdin: (job: JobId, n: number): string => `jobs/${job}/stdin/${padded(n, chunkDigits)}`,
  resultPrefix: (job: JobId): string => `jobs/${job}/results/`,
  /** Batch `n` (from 0) of the coordinator whose key was created at `createRevision`; listed in the order of writing. */
  result: (job: JobId, createRevision: number, n: number): string =>
    `jobs/${job}/results/${padded(createRevision, revisionDigits)}-${padded(n, batchDigits)}`,

  submittedPrefix: 'submitted/',
  /** What jobs are listed by, newest first: by time of submission, then id. */
  submitted: (submittedUnixMs: number, job: JobId): string =>
    `submitted/${padded(submittedUnixMs, revisionDigits)}-${job}`,

  openPrefix: 'open/',
  open: (job: JobId): string => `open/${job}`,
  coordinatorPrefix: 'coordinators/',
  coordinator: (job: JobId): string => `coordinators/${job}`,

  /** Open jobs of one latest-wins key. */
  latestPrefix: (latestKey: string): string => `latest/${encodeURIComponent(latestKey)}/`,
  latest: (latestKey: string, job: JobId): string => `latest/${encodeURIComponent(latestKey)}/${job}`,
  allLatestPrefix: 'latest/',

  lostResultPrefix: 'lost-results/',
  lostResult: (execution: ExecutionId): string => `lost-results/${execution}`,
} as const;

/** What a key under `jobs/` is about; `part` is `order`, `state`, `targets/<n>`, `stdin/<n>` or `results/<…>`. */
export function parseJobKey(key: string): { job: JobId; part: string } | undefined {
  const match = /^jobs\/([^/]+)\/(.+)$/.exec(key);
  const [, job, part] = match ?? [];
  return job !== undefined && part !== undefined && isJobId(job) ? { job, part } : undefined;
}

/** The job of `open/<job>` or `coordinators/<job>`. */
export function parseJobOf(key: string): JobId | undefined {
  const [room, job, ...rest] = key.split('/');
  if (rest.length > 0 || (room !== 'open' && room !== 'coordinators') || job === undefined) return undefined;
  return isJobId(job) ? job : undefined;
}

/** The job of `latest/<key>/<job>`. */
export function parseLatest(key: string): JobId | undefined {
  const job = /^latest\/[^/]+\/([0-9a-f]{32})$/.exec(key)?.[1];
  return job !== undefined && isJobId(job) ? job : undefined;
}

/** The job of `submitted/<time>-<job>`. */
export function parseSubmitted(key: string): JobId | undefined {
  const job = /^submitted\/\d+-([0-9a-f]{32})$/.exec(key)?.[1];
  return job !== undefined && isJobId(job) ? job : undefined;
}

/** The uid of `nodes/<uid>` or `presence/<uid>`. */
export function parseNodeOf(key: string): NodeUid | undefined {
  const [room, uid, ...rest] = key.split('/');
  if (rest.length > 0 || (room !== 'nodes' && room !== 'presence') || uid === undefined) return undefined;
  return isNodeUid(uid) ? uid : undefined;
}

/** The name of `names/<name>`. */
export const parseNameOf = (key: string): string | undefined => after('names/', key);

/** The replica of `replicas/<replica>`. */
export const parseReplicaOf = (key: string): string | undefined => after('replicas/', key);

/** Who wrote a result batch, and which of its batches it is. */
export function parseResultKey(key: string): { job: JobId; createRevision: number; n: number } | undefined {
  const parsed = parseJobKey(key);
  const match = /^results\/(\d+)-(\d+)$/.exec(parsed?.part ?? '');
  if (parsed === undefined || match === null) return undefined;
  return { job: parsed.job, createRevision: Number(match[1]), n: Number(match[2]) };
}

function after(prefix: string, key: string): string | undefined {
  return key.startsWith(prefix) && key.length > prefix.length ? key.slice(prefix.length) : undefined;
}
