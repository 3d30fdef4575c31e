import { crc32 } from 'node:zlib';

/**
 * How records lie in the journal's file: `MJ1\n`, length of what follows, its CRC-32, length of the head, head (JSON), blob.
 * Numbers are 32 bits, little-endian.
 */
export interface Frame {
  readonly head: Readonly<Record<string, unknown>>;
  readonly blob: Buffer;
}

export interface ReadFrames {
  readonly frames: readonly Frame[];
  /** Where the last good frame ends: what lies behind it is torn. */
  readonly goodBytes: number;
  /** Bytes before `goodBytes` that no frame explains. */
  readonly corruptBytes: number;
}

const magic = Buffer.from('MJ1\n');
const headerBytes = 12;
/** Field of the head where the blob is not as it was given. */
const encoding = 'blob';
const maxBodyBytes = 4 * 1024 ** 2;

export function encodeFrame(head: object, blob: Buffer = Buffer.alloc(0)): Buffer {
  // An order may hold what looks like a record: behind a torn or damaged frame that would be read for one.
  if (blob.includes(magic)) return encodeFrame({ ...head, [encoding]: 'base64' }, Buffer.from(blob.toString('base64')));
  const text = Buffer.from(JSON.stringify(head));
  const frame = Buffer.allocUnsafe(headerBytes + 4 + text.length + blob.length);
  magic.copy(frame, 0);
  frame.writeUInt32LE(4 + text.length + blob.length, 4);
  frame.writeUInt32LE(text.length, headerBytes);
  text.copy(frame, headerBytes + 4);
  blob.copy(frame, headerBytes + 4 + text.length);
  frame.writeUInt32LE(crc32(frame.subarray(headerBytes)), 8);
  return frame;
}

/** Every whole frame; a damaged one is passed over and the next looked for. Blobs are copies. */
export function readFrames(bytes: Buffer): ReadFrames {
  const frames: Frame[] = [];
  let at = 0;
  let goodBytes = 0;
  let corruptBytes = 0;
  while (at < bytes.length) {
    const frame = frameAt(bytes, at);
    if (frame !== undefined) {
      corruptBytes += at - goodBytes;
      at += frame.bytes;
      goodBytes = at;
      frames.push(frame.frame);
    } else {
      const next = bytes.indexOf(magic, at + 1);
      if (next === -1) break;
      at = next;
    }
  }
  return { frames, goodBytes, corruptBytes };
}

function frameAt(bytes: Buffer, at: number): { frame: Frame; bytes: number } | undefined {
  if (bytes.length - at < headerBytes + 4 || !bytes.subarray(at, at + 4).equals(magic)) return undefined;
  const length = bytes.readUInt32LE(at + 4);
  if (length < 4 || length > maxBodyBytes || at + headerBytes + length > bytes.length) return undefined;
  const body = bytes.subarray(at + headerBytes, at + headerBytes + length);
  const headLength = body.readUInt32LE(0);
  if (crc32(body) !== bytes.readUInt32LE(at + 8) || headLength > length - 4) return undefined;
  try {
    const { [encoding]: encoded, ...head } = JSON.parse(body.toString('utf8', 4, 4 + headLength)) as Frame['head'];
    const raw = body.subarray(4 + headLength);
    const blob = encoded === undefined ? Buffer.from(raw) : Buffer.from(raw.toString('latin1'), 'base64');
    return { frame: { head, blob }, bytes: headerBytes + length };
  } catch {
    return undefined;
  }
}
