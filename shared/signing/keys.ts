import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { invalidField } from '../errors.ts';
import type { NodeUid } from '../ids.ts';
import { type PayloadType, signedBytes } from './dsse.ts';

const rawBytes = 32;
const signatureBytes = 64;
const textPrefix = 'ed25519:';
const nodeTag = Buffer.from('muster.v1.node\0');

/** The public half of an Ed25519 key. */
export class PublicKey {
  /** 32 bytes. */
  readonly raw: Buffer;
  /** SHA-256 of `raw`, hex. */
  readonly id: string;
  readonly #key: KeyObject;

  /** Undefined where these bytes are no key. */
  static fromRaw(raw: Buffer): PublicKey | undefined {
    if (raw.length !== rawBytes) return undefined;
    try {
      return new PublicKey(
        createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } }),
      );
    } catch {
      return undefined;
    }
  }

  /** From `ed25519:BASE64`; undefined where the text is none. */
  static fromText(text: string): PublicKey | undefined {
    if (!text.startsWith(textPrefix)) return undefined;
    const key = PublicKey.fromRaw(Buffer.from(text.slice(textPrefix.length), 'base64'));
    return key?.text === text ? key : undefined;
  }

  /** Of a private or public key object of Ed25519. */
  constructor(key: KeyObject) {
    this.#key = key;
    this.raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
    this.id = createHash('sha256').update(this.raw).digest('hex');
  }

  /** `ed25519:BASE64`, as files and people hold it. */
  get text(): string {
    return `${textPrefix}${this.raw.toString('base64')}`;
  }

  /** Whether the signature is this key's over that payload of that type. */
  verifies(type: PayloadType, payload: Buffer, signature: Buffer): boolean {
    return signature.length === signatureBytes && verify(null, signedBytes(type, payload), this.#key, signature);
  }
}

/** An Ed25519 key that signs. */
export class SigningKey {
  readonly public: PublicKey;
  readonly #key: KeyObject;

  static generate(): SigningKey {
    return new SigningKey(generateKeyPairSync('ed25519').privateKey);
  }

  /** From PKCS #8 in PEM. Throws INVALID_FIELD naming `field` where it is no Ed25519 key. */
  static fromPem(pem: string, field: string): SigningKey {
    let key: KeyObject | undefined;
    try {
      key = createPrivateKey(pem);
    } catch {
      // Said below, without what the parser says: that may quote the file.
    }
    if (key?.asymmetricKeyType !== 'ed25519') throw invalidField(field, 'is no Ed25519 private key in PEM');
    return new SigningKey(key);
  }

  private constructor(key: KeyObject) {
    this.#key = key;
    this.public = new PublicKey(createPublicKey(key));
  }

  /** PKCS #8 in PEM. */
  get pem(): string {
    return String(this.#key.export({ format: 'pem', type: 'pkcs8' }));
  }

  sign(type: PayloadType, payload: Buffer): Buffer {
    return sign(null, signedBytes(type, payload), this.#key);
  }
}

/** The uid of the node whose key this is: the first 128 bits of a hash, so that the uid in a plan names the key. */
export const uidOfKey = (key: PublicKey): NodeUid =>
  createHash('sha256').update(nodeTag).update(key.raw).digest('hex').slice(0, 32) as NodeUid;
