/**
 * Bytes of a command as they may go to a terminal: UTF-8 text as it is; control characters shown, not obeyed (`^[`, `^M`,
 * `\x9b`), what is no UTF-8 as `\xff`, and characters that reorder or hide text as `<U+202E>`. Tabs stay; so do newlines.
 */
export function visible(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // A replacement character may stand in the text itself: only then is it looked at byte by byte.
  const shown = text.includes('\ufffd') ? showInvalid(bytes) : text;
  return shown.replace(unsafe, show);
}

/** The same for text that is text already: names, messages, reasons. */
export const visibleText = (text: string): string => text.replace(unsafe, show);

// C0 but tab and newline, DEL and C1, soft hyphen, and what is invisible or turns the direction of writing.
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

function show(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
  if (code === 0x7f) return '^?';
  if (code < 0xa0) return `\\x${code.toString(16)}`;
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

function showInvalid(bytes: Buffer): string {
  let shown = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    shown +=
      length === 0
        ? `\\x${(bytes[at] as number).toString(16).padStart(2, '0')}`
        : bytes.toString('utf8', at, at + length);
    at += length || 1;
  }
  return shown;
}

/** Length of the UTF-8 sequence that begins at `at`, 0 where none does. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const text = bytes.toString('utf8', at, at + length);
  const replaced = length === 3 && first === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
  return replaced || !text.includes('\ufffd') ? length : 0;
}

/** Where a UTF-8 sequence that has begun but not ended starts at the end of `bytes`; their length where there is none. */
export function utf8Boundary(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf8 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
