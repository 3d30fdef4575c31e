import { invalidField } from '../../shared/errors.ts';
import { PublicKey } from '../../shared/signing/keys.ts';
import { readOwnedFile } from './owned-file.ts';

const maxKeys = 64;

/** Whose orders this host runs: by key id. */
export type TrustedKeys = ReadonlyMap<string, PublicKey>;

/** Reads `key ed25519:BASE64 who` lines, at least one. Throws INVALID_FIELD naming the flag, the file and the line. */
export function readTrustFile(path: string, flag: string): TrustedKeys {
  const keys = new Map<string, PublicKey>();
  for (const { words, place } of readOwnedFile(path, flag)) {
    const [what, text = ''] = words;
    if (what !== 'key')
      throw invalidField(flag, `${place}: ${JSON.stringify(what)} is unknown; a line is: key ed25519:… who`);
    const key = PublicKey.fromText(text);
    if (key === undefined)
      throw invalidField(flag, `${place}: ${JSON.stringify(text.slice(0, 80))} is no ed25519:BASE64 key`);
    keys.set(key.id, key);
  }
  if (keys.size === 0) throw invalidField(flag, `${path} holds no key: nothing could ever run here`);
  if (keys.size > maxKeys) throw invalidField(flag, `${path} holds ${keys.size} keys; at most ${maxKeys} are allowed`);
  return keys;
}
