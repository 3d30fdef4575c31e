import { invalidField } from '../../shared/errors.ts';

/** Longest key, in characters. */
export const keyLimit = 1024;

/** First key after every key that starts with `prefix`; keys are printable ASCII, so this holds bytewise too. */
export function prefixEnd(prefix: string): string {
  if (prefix === '') return '\x7f';
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** Rejects what no driver may take as a key: empty, over 1,024 characters, or anything but printable ASCII without spaces. */
export function checkKey(key: string): void {
  if (key.length === 0) throw invalidField('key', 'must not be empty');
  checkPrefix(key);
}

/** As `checkKey`, but the empty prefix, which is the whole store, passes. */
export function checkPrefix(prefix: string): void {
  if (prefix.length > keyLimit) throw invalidField('key', `must have at most ${keyLimit} characters`);
  if (!/^[\x21-\x7e]*$/.test(prefix)) throw invalidField('key', `must be printable ASCII: ${JSON.stringify(prefix)}`);
}
