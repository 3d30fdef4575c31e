import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Command } from 'commander';
import { type PublicKey, SigningKey } from '../../shared/signing/keys.ts';
import type { CliContext } from '../context.ts';
import { readSigningKey } from '../flags/signing.ts';
import { UsageError } from '../usage-error.ts';

/** `muster key`: the keys that orders are signed with. */
export function keyCommand(context: CliContext): Command {
  const make = new Command('new')
    .description('Make a key that signs orders, and print the line that a host’s trust file needs for it.')
    .argument('<file>', 'where to keep it, mode 0600; it must not be there yet')
    .option('--name <name>', 'whose it is, for people (default: the user)')
    .action(async (file: string, flags: { name?: string }) => {
      const key = SigningKey.generate();
      writeNew(file, key.pem);
      await context.stdout.write(trustLine(key.public, flags.name));
    });
  const show = new Command('show')
    .description('Print the line that a host’s trust file needs for a key.')
    .argument('<file>', 'a key made by muster key new')
    .option('--name <name>', 'whose it is, for people (default: the user)')
    .action(async (file: string, flags: { name?: string }) => {
      await context.stdout.write(trustLine(readSigningKey(file, '<file>').public, flags.name));
    });
  return new Command('key').description('Keys that sign orders.').addCommand(make).addCommand(show);
}

/** As `agent --trust-file` reads it. */
export const trustLine = (key: PublicKey, name = userInfo().username): string =>
  `key ${key.text} ${name.replaceAll(/\s+/g, '-')}\n`;

function writeNew(path: string, text: string): void {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    throw new UsageError(`<file>: ${path} can’t be made: ${(error as Error).message}`, { cause: error });
  }
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
