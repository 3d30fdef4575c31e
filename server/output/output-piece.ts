import type { UnavailableReason } from '../../shared/unavailable-reasons.ts';

/** A piece of one stream as it came from the node. Offsets are absolute, in bytes. */
export type OutputPiece =
  | { readonly type: 'data'; readonly offset: number; readonly data: Buffer }
  /** `until` may equal `from`: an unknown number of bytes is lost there. */
  | { readonly type: 'gap'; readonly from: number; readonly until: number; readonly reason: string }
  | { readonly type: 'end'; readonly offset: number }
  /** All there was when it was asked for has come; the execution still runs. */
  | { readonly type: 'present'; readonly offset: number }
  /** The output can't be had (now), and why. */
  | { readonly type: 'unavailable'; readonly offset: number; readonly reason: UnavailableReason };

/** First offset that the piece is about. */
export const startOf = (piece: OutputPiece): number => (piece.type === 'gap' ? piece.from : piece.offset);

/** First offset behind the piece. */
export function endOf(piece: OutputPiece): number {
  if (piece.type === 'gap') return piece.until;
  return piece.type === 'data' ? piece.offset + piece.data.length : piece.offset;
}

/** Nothing follows it. */
export const isLast = ({ type }: OutputPiece): boolean => type !== 'data' && type !== 'gap';

/** The piece for somebody who has everything before `position`. */
export function after(piece: OutputPiece, position: number): OutputPiece {
  if (startOf(piece) >= position) return piece;
  if (piece.type === 'data') return { ...piece, offset: position, data: piece.data.subarray(position - piece.offset) };
  return piece.type === 'gap' ? { ...piece, from: position } : piece;
}
