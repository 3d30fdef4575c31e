import { invalidField } from '../errors.ts';
import { PublicKey } from './keys.ts';

const maxKeys = 64;
export const maxTrustFileBytes = 64 * 1024;

/** Whose orders a host runs. */
export interface TrustFile {
  /** Only a higher one takes the place of another. */
  readonly version: number;
  /** How many of the keys must sign what takes its place; 0 = none can, only the host's owner. */
  readonly threshold: number;
  /** By id; at least one. */
  readonly keys: ReadonlyMap<string, PublicKey>;
}

/**
 * Reads `version N`, `threshold K` and `key ed25519:BASE64 who` lines; `#` begins a comment at the beginning of a line. Throws
 * INVALID_FIELD naming `field`, `name` and the line.
 */
export function parseTrustFile(text: string, name: string, field: string): TrustFile {
  const keys = new Map<string, PublicKey>();
  const numbers = { version: 0, threshold: 0 };
  for (const [at, line] of text.split('\n').entries()) {
    const [what = '', value = ''] = line.trim().split(/\s+/);
    if (what === '' || what.startsWith('#')) continue;
    const place = `${name}:${at + 1}`;
    if (what === 'key') {
      const key = PublicKey.fromText(value);
      if (!key) throw invalidField(field, `${place}: ${JSON.stringify(value.slice(0, 80))} is no ed25519:BASE64 key`);
      keys.set(key.id, key);
    } else if (what === 'version' || what === 'threshold') {
      if (!/^\d{1,9}$/.test(value)) throw invalidField(field, `${place}: ${what} is a number of at most 9 digits`);
      numbers[what] = Number(value);
    } else {
      throw invalidField(field, `${place}: ${JSON.stringify(what)} is unknown; a line is: key ed25519:… who`);
    }
  }
  if (keys.size === 0) throw invalidField(field, `${name} holds no key: nothing could ever run there`);
  if (keys.size > maxKeys) throw invalidField(field, `${name} holds ${keys.size} keys; at most ${maxKeys} are allowed`);
  if (numbers.threshold > keys.size) {
    throw invalidField(field, `${name} asks for ${numbers.threshold} signatures and holds ${keys.size} keys`);
  }
  return { ...numbers, keys };
}
