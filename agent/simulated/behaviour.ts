import { createHash } from 'node:crypto';
import { parseBytes } from '../../shared/bytes.ts';
import { parseDuration } from '../../shared/duration.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import { decodeOrder } from '../../shared/order.ts';

/** What a simulated execution does. */
export interface Behaviour {
  /** From the start to the end; 0 = at once. */
  readonly delayMs: number;
  /** What it writes to standard output. */
  readonly outputBytes: number;
  /** The output comes in equal pieces, one each time so long has passed; 0 = all of it at the start. */
  readonly outputEveryMs: number;
  readonly exitCode: number;
}

const program = 'simulate';
const marked = Buffer.from(program);

/**
 * An order whose argv is `simulate delay=5s output=64KiB every=100ms exit=3 failing=10` says itself what its executions do; each
 * part may be left out. `failing` is the share of executions, in percent, that end with `exit` (all, where not given); which ones
 * is decided by their ids. Every other order does what `otherwise` says, unread. Throws, naming the part, where one is wrong.
 */
export function behaviourOf(execution: ExecutionId, order: Buffer, otherwise: Behaviour): Behaviour {
  if (!order.includes(marked)) return otherwise;
  const { argv } = decodeOrder(order).command;
  if (argv[0] !== program) return otherwise;
  const parts = new Map(argv.slice(1).map((part) => part.split('=', 2) as [string, string | undefined]));
  const take = <Value>(name: string, parse: (text: string) => Value | undefined, fallback: Value): Value => {
    const text = parts.get(name);
    parts.delete(name);
    const value = text === undefined ? fallback : parse(text);
    if (value === undefined) throw new Error(`order.command.argv: ${name}=${text} is not understood`);
    return value;
  };
  const behaviour = {
    delayMs: take('delay', parseDuration, otherwise.delayMs),
    outputBytes: take('output', parseBytes, otherwise.outputBytes),
    outputEveryMs: take('every', parseDuration, otherwise.outputEveryMs),
  };
  const exitCode = take('exit', wholeUpTo(255), otherwise.exitCode);
  const failing = take('failing', wholeUpTo(100), 100);
  for (const name of parts.keys()) throw new Error(`order.command.argv: ${program} has no ${name}`);
  return { ...behaviour, exitCode: percentOf(execution) < failing ? exitCode : 0 };
}

const wholeUpTo = (most: number) => (text: string) =>
  /^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : undefined;

const percentOf = (execution: ExecutionId): number =>
  createHash('sha256').update(execution).digest().readUInt32BE(0) % 100;
