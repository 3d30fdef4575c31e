import { InvalidArgumentError } from 'commander';
import type { Amount } from '../../proto/gen/muster/v1/Amount.ts';
import type { Lane } from '../../proto/gen/muster/v1/Lane.ts';
import { parseAddress } from '../../shared/address.ts';
import { parseBytes } from '../../shared/bytes.ts';
import { parseDuration } from '../../shared/duration.ts';
import { isJobId } from '../../shared/ids.ts';
import { signalNumber } from '../render/signal-name.ts';

/** Milliseconds of `3000ms`, `5s`, `2m`, `1h`. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Give a number with a unit, such as 3000ms, 5s, 2m or 1h.');
  return ms;
}

/** Bytes of `64KiB`, `2GiB`. */
export function size(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new InvalidArgumentError('Give a number with a unit, such as 64KiB, 16MiB or 2GiB.');
  return bytes;
}

/** `3` nodes, or `10%` of the plan. */
export function amount(min: number): (text: string) => Amount {
  return (text) => {
    const match = /^([0-9]{1,9})(%?)$/.exec(text);
    const number = Number(match?.[1]);
    const percent = match?.[2] === '%';
    if (match === null || number < min || (percent && number > 100)) {
      throw new InvalidArgumentError(`Give a number of nodes from ${min}, or a share such as 10% (at most 100%).`);
    }
    return percent ? { percent: number } : { count: number };
  };
}

/** A lane: `NAME`, or `NAME:N` for N at once. */
export function lane(text: string): Lane {
  const match = /^([A-Za-z0-9._/-]{1,128})(?::([0-9]{1,4}))?$/.exec(text);
  const concurrency = Number(match?.[2] ?? 1);
  if (match === null || concurrency < 1 || concurrency > 1000) {
    throw new InvalidArgumentError(
      'Give NAME, or NAME:N with N from 1 to 1000; a name is 1 to 128 of [A-Za-z0-9._/-].',
    );
  }
  return { name: match[1] as string, concurrency };
}

/** The key of latest-wins orders. */
export function latestKey(text: string): string {
  if (!/^[A-Za-z0-9._/-]{1,128}$/.test(text)) throw new InvalidArgumentError('Give 1 to 128 of [A-Za-z0-9._/-].');
  return text;
}

/** Collects `KEY=VALUE` of a flag that may be given several times. */
export function environmentEntry(text: string, before: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give KEY=VALUE.');
  return new Map(before).set(text.slice(0, at), text.slice(at + 1));
}

/** Collects the values of a flag that may be given several times, or once with commas. */
export function nameList(text: string, before: readonly string[] = []): string[] {
  const names = text.split(',');
  if (names.includes('')) throw new InvalidArgumentError('Give a name that is not empty.');
  return [...before, ...names];
}

/** `host:port`, or several with commas. */
export function serverList(text: string): string[] {
  const servers = text.split(',');
  const wrong = servers.find((server) => parseAddress(server) === undefined);
  if (wrong !== undefined) throw new InvalidArgumentError('Give host:port, or several with commas.');
  return servers;
}

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= min && number <= max)) throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    return number;
  };
}

/** `TERM`, `SIGTERM` or `15`. */
export function signal(text: string): number {
  const number = signalNumber(text);
  if (number === undefined) throw new InvalidArgumentError('Give a signal such as TERM, INT or 15.');
  return number;
}

/** 32 lower-case hex digits. */
export function jobId(text: string): string {
  if (!isJobId(text))
    throw new InvalidArgumentError('Give a job id: 32 lower-case hex digits (muster jobs lists them).');
  return text;
}

/** `host:port`. */
export function address(text: string): string {
  if (parseAddress(text) === undefined) throw new InvalidArgumentError('Give host:port, such as 127.0.0.1:7500.');
  return text;
}
