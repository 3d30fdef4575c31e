import type { ExecutionId } from '../../shared/ids.ts';
import type { ProcessIdentity } from '../sandbox/process-table.ts';

/** What the journal says of an execution's start: written before its gate line. */
export interface Starting {
  readonly bootId: string;
  /** The host's monotonic clock (since boot, in ms), which outlives this process. */
  readonly monotonicMs: number;
  readonly atUnixMs: number;
  readonly supervisor: ProcessIdentity;
  /** The process that becomes the command: leader of its session. */
  readonly leader: ProcessIdentity;
  /** 16 bytes, hex: what ends both streams. */
  readonly nonce: string;
  /** Name of the spool folder. */
  readonly spool: string;
  /** Folder of the cgroup; undefined = held by marker. */
  readonly cgroup: string | undefined;
}

export type EndingCause = 'cancel' | 'timeout' | 'output-bound';

/** Written before the first signal: it decides the final state. */
export interface Ending {
  readonly cause: EndingCause;
  readonly monotonicMs: number;
  readonly signal: number;
  readonly graceMs: number;
  /** How late a timeout came, because no agent was there. */
  readonly overrunMs: number;
}

/** `received` carries a ReceivedRecord, `finished` an ExecutionResult, as bytes. */
export type JournalRecord =
  | { readonly type: 'received'; readonly id: ExecutionId; readonly digest: string; readonly expiresUnixMs: number }
  | { readonly type: 'starting'; readonly id: ExecutionId; readonly starting: Starting }
  | { readonly type: 'ending'; readonly id: ExecutionId; readonly ending: Ending }
  | {
      readonly type: 'finished';
      readonly id: ExecutionId;
      /** SHA-256 of the order, hex; empty where there was none (a cancel's tombstone). */
      readonly digest: string;
      readonly expiresUnixMs: number;
      readonly finishedUnixMs: number;
      readonly spool: string | undefined;
      readonly nonce: string | undefined;
      /** What the spool takes on disk. */
      readonly spoolBytes: number;
    }
  /** Carries what is kept of the result, where that is less. */
  | { readonly type: 'released'; readonly id: ExecutionId }
  /** Its output is gone; the id is still kept. */
  | { readonly type: 'unspooled'; readonly id: ExecutionId }
  | { readonly type: 'forgotten'; readonly id: ExecutionId }
  /** The highest expiry of those that were forgotten. Of no execution: its id is empty. */
  | { readonly type: 'forgotten-until'; readonly id: ''; readonly expiresUnixMs: number };

/** A record of one execution. */
export type ExecutionRecord = Exclude<JournalRecord, { readonly type: 'forgotten-until' }>;

/** All that the journal knows of one execution. */
export interface JournalEntry {
  readonly id: ExecutionId;
  readonly digest: string;
  readonly expiresUnixMs: number;
  /** Bytes of the ReceivedRecord, until it has finished. */
  readonly received: Buffer | undefined;
  readonly starting: Starting | undefined;
  readonly ending: Ending | undefined;
  /** Bytes of the ExecutionResult: final. */
  readonly result: Buffer | undefined;
  readonly released: boolean;
  /** Where its output lies, and what ends it, once it has finished. */
  readonly spool: { readonly folder: string; readonly nonce: string; readonly bytes: number } | undefined;
  /** 0 = not yet. */
  readonly finishedUnixMs: number;
}

/** The entry after a record; undefined = forgotten. Records that cannot follow what is there change nothing. */
export function applyRecord(
  entry: JournalEntry | undefined,
  record: ExecutionRecord,
  blob: Buffer,
): JournalEntry | undefined {
  const { id } = record;
  const base = entry ?? { ...unknownEntry, id };
  switch (record.type) {
    case 'received':
      if (base.result || base.received) return base;
      return { ...base, digest: record.digest, expiresUnixMs: record.expiresUnixMs, received: blob };
    case 'starting':
      return { ...base, starting: record.starting };
    case 'ending':
      return base.ending ? base : { ...base, ending: record.ending };
    case 'finished': {
      // The first end stands.
      if (base.result) return base;
      const { digest, expiresUnixMs, finishedUnixMs, spool: folder, nonce, spoolBytes } = record;
      const spool = folder !== undefined && nonce !== undefined ? { folder, nonce, bytes: spoolBytes } : undefined;
      const over = { received: undefined, starting: undefined, result: blob };
      return { ...base, ...over, digest, expiresUnixMs, finishedUnixMs, spool };
    }
    case 'released':
      return entry && { ...entry, released: true, result: blob.length > 0 ? blob : entry.result };
    case 'unspooled':
      return entry && { ...entry, spool: undefined };
    case 'forgotten':
      return undefined;
  }
}

const unknownEntry = {
  digest: '',
  expiresUnixMs: 0,
  received: undefined,
  starting: undefined,
  ending: undefined,
  result: undefined,
  released: false,
  spool: undefined,
  finishedUnixMs: 0,
} as const;

/** The fewest records that tell an entry. */
export function recordsOf(entry: JournalEntry): readonly { record: ExecutionRecord; blob: Buffer | undefined }[] {
  const { id, digest, expiresUnixMs, finishedUnixMs } = entry;
  const records: { record: ExecutionRecord; blob: Buffer | undefined }[] = [];
  if (entry.received) records.push({ record: { type: 'received', id, digest, expiresUnixMs }, blob: entry.received });
  if (entry.starting) records.push({ record: { type: 'starting', id, starting: entry.starting }, blob: undefined });
  if (entry.ending) records.push({ record: { type: 'ending', id, ending: entry.ending }, blob: undefined });
  if (entry.result) {
    const place = { spool: entry.spool?.folder, nonce: entry.spool?.nonce, spoolBytes: entry.spool?.bytes ?? 0 };
    records.push({
      record: { type: 'finished', id, digest, expiresUnixMs, finishedUnixMs, ...place },
      blob: entry.result,
    });
  }
  if (entry.released) records.push({ record: { type: 'released', id }, blob: undefined });
  return records;
}
