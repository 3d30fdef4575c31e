import type { JobId } from '../../shared/ids.ts';

/** A key `latest/<key>/<job>`; the greater its create revision, the newer the job. */
export interface LatestMark {
  readonly key: string;
  readonly job: JobId;
  readonly createRevision: number;
  readonly open: boolean;
}

/**
 * The marks that nobody needs any more: those of closed jobs with no older open one of the same latest-wins key. Whoever adopts an
 * older one learns from them that it is superseded. What is outlived stays so: a job that closed does not open again, and whatever comes
 * is newer.
 */
export function outlived(marks: readonly LatestMark[]): LatestMark[] {
  const oldestOpen = new Map<string, number>();
  for (const mark of marks) {
    if (!mark.open) continue;
    const oldest = oldestOpen.get(prefixOf(mark)) ?? Number.POSITIVE_INFINITY;
    oldestOpen.set(prefixOf(mark), Math.min(oldest, mark.createRevision));
  }
  const waitedFor = (mark: LatestMark): boolean => mark.createRevision > (oldestOpen.get(prefixOf(mark)) ?? Infinity);
  return marks.filter((mark) => !mark.open && !waitedFor(mark));
}

const prefixOf = ({ key, job }: LatestMark): string => key.slice(0, -job.length);
