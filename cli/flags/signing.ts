import { readFileSync, statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { SigningKey } from '../../shared/signing/keys.ts';
import { UsageError } from '../usage-error.ts';
import type { ConnectionFlags } from './connection.ts';

export interface SigningFlags {
  readonly key?: string;
}

/** `--key`, on every command that submits an order or shows how one ended. */
export const withSigning = (command: Command): Command =>
  command.addOption(
    new Option(
      '--key <file>',
      'sign orders with this key (muster key new), and believe only results that their nodes signed',
    ).env('MUSTER_KEY'),
  );

/** The key that the flags name. Throws UsageError where it can't be read, or could be by others. */
export function signingKey({ key }: SigningFlags): SigningKey | undefined {
  return key ? readSigningKey(key, '--key') : undefined;
}

/** How the ends of a job are to be judged that was submitted some other time. */
export const beliefFlags = (flags: SigningFlags & ConnectionFlags): { keyed: boolean; retryForMs: number } => ({
  keyed: signingKey(flags) !== undefined,
  retryForMs: flags.retryFor,
});

export function readSigningKey(path: string, flag: string): SigningKey {
  let pem: string;
  let mode: number;
  try {
    pem = readFileSync(path, 'utf8');
    ({ mode } = statSync(path));
  } catch (error) {
    throw new UsageError(`${flag}: ${path} can’t be read: ${(error as Error).message}`, { cause: error });
  }
  if ((mode & 0o077) !== 0) throw new UsageError(`${flag}: ${path} can be read by others: chmod 600 ${path}`);
  try {
    return SigningKey.fromPem(pem, path);
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`, { cause: error });
  }
}
