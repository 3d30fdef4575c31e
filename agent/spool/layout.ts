/** Where output went that is not kept; `until` = `from` where nobody knows how many bytes. Offsets are absolute, in bytes. */
export interface Gap {
  readonly from: number;
  readonly until: number;
  readonly reason: GapReason;
}

export type GapReason = 'bound' | 'drain-killed' | 'disk-full' | 'retention' | 'corrupt';

/** A file of a spool folder. */
export interface SpoolEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

/** A file that holds the bytes from `from` up to `until`. */
export interface Segment {
  readonly name: string;
  readonly from: number;
  readonly until: number;
}

/** What a spool folder says about one stream: segments and gaps in order, which together cover 0 up to `end`. */
export interface Layout {
  readonly segments: readonly Segment[];
  readonly gaps: readonly Gap[];
  /** First offset past everything kept or counted as lost. */
  readonly end: number;
  /** Everybody who could write had gone, and all of it was read. */
  readonly drained: boolean;
}

/** How the drain names what belongs to a stream. */
export type DrainName = 'out' | 'err';

/** 16 MiB: what a segment has at most, unless `drain.sh` is told otherwise; a full one lacks less than a sixteenth of it. */
export const defaultSegmentBytes = 16 * 1024 * 1024;

export const padOffset = (offset: number): string => String(offset).padStart(16, '0');

/** The absolute offset at which a segment begins, or undefined where the name is none. */
export function segmentOffset(name: string, stream: DrainName): number | undefined {
  const match = /^(out|err)\.([0-9]{16})$/.exec(name);
  return match === null || match[1] !== stream ? undefined : Number(match[2]);
}

/**
 * The layout that names and sizes tell. A hole below the first segment is the bound's (or a full disk's, where it was marked);
 * one further on is what a mark says of it, the bound's where the policy keeps the head, else corrupt.
 */
export function spoolLayout(
  entries: readonly SpoolEntry[],
  options: { stream: DrainName; keepsHead: boolean },
): Layout {
  const marks = readMarks(entries, options.stream);
  const segments: Segment[] = [];
  const gaps: Gap[] = [];
  let end = 0;
  for (const { name, from, sizeBytes } of inOrder(entries, options.stream)) {
    // What overlaps what is there already adds nothing that could be placed.
    if (from < end || sizeBytes === 0) continue;
    if (from > end) gaps.push(hole(segments.at(-1), { from: end, until: from }, options.keepsHead, marks));
    else gaps.push(...joint(from, marks));
    segments.push({ name, from, until: from + sizeBytes });
    end = from + sizeBytes;
  }
  const lostUntil = Math.max(end, ...marks.full.map((mark) => mark.until));
  if (lostUntil > end) gaps.push({ from: end, until: lostUntil, reason: 'disk-full' });
  else gaps.push(...joint(end, marks));
  return { segments, gaps, end: lostUntil, drained: entries.some((entry) => entry.name === `${options.stream}.eof`) };
}

/** What a reader at `offset` finds there; `told` is the offset of the last gap of unknown length it was told of. */
export function layoutAt(layout: Layout, offset: number, told: number | undefined): Segment | Gap | undefined {
  for (const gap of layout.gaps) {
    if (gap.from === gap.until ? gap.from === offset && told !== offset : gap.from <= offset && offset < gap.until) {
      return { ...gap, from: offset };
    }
  }
  return layout.segments.find((segment) => segment.from <= offset && offset < segment.until);
}

interface Marks {
  /** Sorted. */
  readonly killed: readonly number[];
  readonly full: readonly { readonly from: number; readonly until: number }[];
}

function readMarks(entries: readonly SpoolEntry[], stream: DrainName): Marks {
  const killed: number[] = [];
  const full: { from: number; until: number }[] = [];
  for (const { name } of entries) {
    const match = /^(out|err)\.(?:killed\.([0-9]{16})|full\.([0-9]{16})\.([0-9]{16}))$/.exec(name);
    if (match === null || match[1] !== stream) continue;
    if (match[2] !== undefined) killed.push(Number(match[2]));
    else full.push({ from: Number(match[3]), until: Number(match[4]) });
  }
  return { killed: killed.sort((a, b) => a - b), full };
}

function inOrder(entries: readonly SpoolEntry[], stream: DrainName) {
  const found: { name: string; from: number; sizeBytes: number }[] = [];
  for (const { name, sizeBytes } of entries) {
    const from = segmentOffset(name, stream);
    if (from !== undefined) found.push({ name, from, sizeBytes });
  }
  return found.sort((a, b) => a.from - b.from);
}

/** What is neither kept nor counted between two segments. */
function hole(
  before: Segment | undefined,
  range: { from: number; until: number },
  keepsHead: boolean,
  marks: Marks,
): Gap {
  const since = before?.from ?? 0;
  if (marks.full.some((mark) => mark.from < range.until && mark.until >= since))
    return { ...range, reason: 'disk-full' };
  if (before === undefined) return { ...range, reason: 'bound' };
  if (marks.killed.some((at) => at >= since && at <= range.from)) return { ...range, reason: 'drain-killed' };
  return { ...range, reason: keepsHead ? 'bound' : 'corrupt' };
}

/** Between two segments that touch: a gap of unknown length, or none. */
function joint(at: number, marks: Marks): Gap[] {
  if (marks.full.some((mark) => mark.from === at && mark.until === at)) {
    return [{ from: at, until: at, reason: 'disk-full' }];
  }
  if (marks.killed.includes(at)) return [{ from: at, until: at, reason: 'drain-killed' }];
  return [];
}
