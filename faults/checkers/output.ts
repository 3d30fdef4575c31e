import type { HistoryEvent } from '../history/event.ts';
import { Generated } from '../programs/generator.ts';
import { type Checker, expectedExecutions } from './checker.ts';
import { excusesOf } from './excuses.ts';

/**
 * G3: what every follower has of every stream is what the generator makes, byte for byte (SHA-256), none twice, none out of
 * order; what is missing is marked in place, for a reason that the case explains.
 */
export const checkOutput: Checker = (history) => [
  ...inOrder(history),
  ...explained(history),
  ...whole(history),
  ...unheard(history),
];

/** Each chunk begins where the last one (or gap) ended. */
function inOrder(history: readonly HistoryEvent[]): string[] {
  const problems: string[] = [];
  const places = new Map<string, { offset: number; ended: boolean }>();
  for (const event of history) {
    if (event.type !== 'output' && event.type !== 'gap' && event.type !== 'end') continue;
    const name = `${event.execution} ${event.stream} at ${event.follower}`;
    const place = places.get(name) ?? { offset: 0, ended: false };
    places.set(name, place);
    const from = event.type === 'gap' ? event.from : event.offset;
    if (place.ended && event.type !== 'end') problems.push(`${name}: more comes after its end`);
    if (from < place.offset) problems.push(`${name}: byte ${from} comes again, ${place.offset} is next`);
    if (from > place.offset) problems.push(`${name}: ${place.offset} to ${from} is left out without a word`);
    if (event.type === 'output') place.offset = Math.max(place.offset, event.offset + event.bytes);
    else if (event.type === 'gap') place.offset = Math.max(place.offset, event.until);
    else place.ended = true;
  }
  return problems;
}

/** Each gap has a reason that the faults of the case give. */
function explained(history: readonly HistoryEvent[]): string[] {
  const expected = expectedExecutions(history);
  const { cutOutput } = excusesOf(history);
  const problems: string[] = [];
  for (const event of history) {
    if (event.type !== 'gap') continue;
    if (event.reason === 'drain-killed' && cutOutput.has(event.execution)) continue;
    if (expected.get(event.execution)?.expect.gaps.includes(event.reason)) continue;
    const { execution, stream, from, until, reason } = event;
    problems.push(`${execution} ${stream}: a gap ${from}–${until} (${reason}) that nothing explains`);
  }
  return problems;
}

/**
 * What came is what was written; where no gap is explained, all of it. Behind a gap of unknown length nobody knows at which byte the
 * command was: there only the last stretch can be told, by the end.
 */
function whole(history: readonly HistoryEvent[]): string[] {
  const expected = expectedExecutions(history);
  const { cutOutput } = excusesOf(history);
  const ran = ranToTheEnd(history);
  const unknown = unknownGaps(history);
  const generated = new Generated();
  const problems: string[] = [];
  for (const event of history) {
    if (event.type !== 'received') continue;
    const { execution, stream, follower, stretches, ended } = event;
    const known = expected.get(execution);
    if (known === undefined) continue;
    const name = `${execution} ${stream} at ${follower}`;
    const { generator } = known.target;
    const bytes = stream === 'stderr' ? 0 : generated.bytes(generator, execution);
    if (bytes === undefined) continue;
    const shiftedFrom = unknown.get(`${follower} ${execution} ${stream}`) ?? Number.POSITIVE_INFINITY;
    for (const [n, { from, until, sha256 }] of stretches.entries()) {
      if (until > bytes) problems.push(`${name}: ${until} bytes, and the command writes ${bytes}`);
      if (until > bytes) continue;
      const byEnd = from >= shiftedFrom;
      if (byEnd && (n < stretches.length - 1 || !ended || !ran.has(execution))) continue;
      const shift = byEnd ? bytes - until : 0;
      if (generated.digest(generator, execution, from + shift, until + shift) !== sha256)
        problems.push(`${name}: bytes ${from} to ${until} are not what the command wrote`);
    }
    if (!ran.has(execution) || known.expect.gaps.length > 0 || cutOutput.has(execution)) continue;
    // Of a stream that stayed empty the result tells.
    if (!ended && bytes > 0) problems.push(`${name}: its end never came`);
    const until = stretches.at(-1)?.until ?? 0;
    if (until !== bytes) problems.push(`${name}: ${until} of ${bytes} bytes came`);
  }
  return problems;
}

/** Where the first gap of unknown length stands, by follower, execution and stream. */
function unknownGaps(history: readonly HistoryEvent[]): Map<string, number> {
  const gaps = new Map<string, number>();
  for (const event of history) {
    if (event.type !== 'gap' || event.from !== event.until) continue;
    const name = `${event.follower} ${event.execution} ${event.stream}`;
    if (!gaps.has(name)) gaps.set(name, event.from);
  }
  return gaps;
}

/** Every follower whose watch is done has received something of every execution that ran. */
function unheard(history: readonly HistoryEvent[]): string[] {
  const received = new Set<string>();
  for (const event of history)
    if (event.type === 'received') received.add(`${event.follower} ${event.execution} ${event.stream}`);
  const ran = ranToTheEnd(history);
  const generated = new Generated();
  const problems: string[] = [];
  for (const done of history) {
    if (done.type !== 'watch-done') continue;
    for (const [execution, { job, target, expect }] of expectedExecutions(history)) {
      if (job !== done.job || !ran.has(execution) || expect.withoutOutput) continue;
      if (!generated.bytes(target.generator, execution)) continue;
      if (!received.has(`${done.follower} ${execution} stdout`))
        problems.push(`${execution} stdout: ${done.follower} never heard of it`);
    }
  }
  return problems;
}

/** Executions that a replica says came to their own end; one that was cut off wrote less than it was to. */
function ranToTheEnd(history: readonly HistoryEvent[]): Set<string> {
  const ran = new Set<string>();
  for (const event of history) {
    if (event.type !== 'listed') continue;
    for (const { execution, state, end } of event.executions) {
      if (end?.exitCode === undefined) continue;
      if (state === 'EXECUTION_STATE_SUCCEEDED' || state === 'EXECUTION_STATE_FAILED') ran.add(execution);
    }
  }
  return ran;
}
