import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { invalidField } from '../shared/errors.ts';
import { isNodeUid, type NodeUid } from '../shared/ids.ts';
import { SigningKey, uidOfKey } from '../shared/signing/keys.ts';
import { createDurably, writeDurably } from './durable-file.ts';
import { compareEpochs, type Epoch, type EpochStore, formatEpoch } from './session/epoch.ts';

/** What makes this node this node, kept in its state folder: its key, its uid, and the highest epoch it has seen. */
export class StateDir implements EpochStore {
  readonly path: string;
  /** Signs its results. Made once, at the first start. */
  readonly key: SigningKey;
  /** Made of the key, at the first start; a folder from before there were keys keeps the one it has. */
  readonly uid: NodeUid;
  readonly #epochPath: string;
  #highest: Epoch | undefined;

  /** Makes the folder, mode 0700, where there is none. Throws MusterError naming --state-dir where it can't be used. */
  constructor({ path }: { path: string }) {
    this.path = resolve(path);
    this.#epochPath = join(this.path, 'epoch');
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      if ((statSync(this.path).mode & 0o077) !== 0) chmodSync(this.path, 0o700);
      this.key = this.#openKey();
      this.uid = this.#openUid();
      this.#highest = this.#readEpoch();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      throw invalidField('--state-dir', `${this.path} can't be used: ${(error as Error).message}`);
    }
  }

  get highest(): Epoch | undefined {
    return this.#highest;
  }

  raise(epoch: Epoch): void {
    if (this.#highest && compareEpochs(epoch, this.#highest) <= 0) return;
    writeDurably(this.#epochPath, `${formatEpoch(epoch)}\n`);
    this.#highest = epoch;
  }

  #openKey(): SigningKey {
    const path = join(this.path, 'key.pem');
    if (readIfThere(path) === undefined) createDurably(path, SigningKey.generate().pem);
    try {
      return SigningKey.fromPem(readFileSync(path, 'utf8'), path);
    } catch {
      throw damaged(path, 'an Ed25519 private key in PEM');
    }
  }

  #openUid(): NodeUid {
    const path = join(this.path, 'uid');
    const known = readIfThere(path);
    if (known === undefined) createDurably(path, `${uidOfKey(this.key.public)}\n`);
    const uid = (known ?? readFileSync(path, 'utf8')).trimEnd();
    // A new uid in its place would be another node, with this one's journal.
    if (!isNodeUid(uid)) throw damaged(path, '32 lower-case hex digits');
    return uid;
  }

  #readEpoch(): Epoch | undefined {
    const text = readIfThere(this.#epochPath);
    if (text === undefined) return undefined;
    const [, era, revision] = /^(\d{1,16})\.(\d{1,16})\n$/.exec(text) ?? [];
    if (era === undefined || revision === undefined) throw damaged(this.#epochPath, 'era.revision');
    return { era: Number(era), revision: Number(revision) };
  }
}

const damaged = (path: string, shape: string): Error =>
  invalidField(
    '--state-dir',
    `${path} is damaged: it must hold ${shape}; restore it or start with an empty state folder`,
  );

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
