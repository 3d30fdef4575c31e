import type { OutputPiece } from '../job/seen.ts';
import { visibleText } from './visible.ts';

/** What stands where bytes are missing. */
export function gapText(piece: OutputPiece & { type: 'gap' }): string {
  const bytes = piece.until - piece.offset;
  const amount =
    bytes > 0 ? `${bytes} bytes (${piece.offset} to ${piece.until})` : `an unknown number of bytes at ${piece.offset}`;
  return `[muster: ${amount} of ${piece.stream} missing: ${visibleText(piece.reason)}]`;
}

/** What stands where output can't be had now. */
export const unavailableText = (piece: OutputPiece & { type: 'unavailable' }): string =>
  `[muster: ${piece.stream} from byte ${piece.offset} on can't be had now: ${visibleText(piece.reason)}]`;
