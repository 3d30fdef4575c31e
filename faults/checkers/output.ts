import type { HistoryEvent } from '../history/event.ts';
import { Generated } from '../programs/generator.ts';
import { type Checker, expectedExecutions } from './checker.ts';

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
  const problems: string[] = [];
  for (const event of history) {
    if (event.type !== 'gap') continue;
    if (expected.get(event.execution)?.expect.gaps.includes(event.reason)) continue;
    const { execution, stream, from, until, reason } = event;
    problems.push(`${execution} ${stream}: a gap ${from}–${until} (${reason}) that nothing explains`);
  }
  return problems;
}

/** What came is what was written; where no gap is explained, all of it. */
function whole(history: readonly HistoryEvent[]): string[] {
  const expected = expectedExecutions(history);
  const ran = ranToTheEnd(history);
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
    for (const { from, until, sha256 } of stretches) {
      if (until > bytes) problems.push(`${name}: ${until} bytes, and the command writes ${bytes}`);
      else if (generated.digest(generator, execution, from, until) !== sha256)
        problems.push(`${name}: bytes ${from} to ${until} are not what the command wrote`);
    }
    if (!ran.has(execution) || known.expect.gaps.length > 0) continue;
    // Of a stream that stayed empty the result tells.
    if (!ended && bytes > 0) problems.push(`${name}: its end never came`);
    const until = stretches.at(-1)?.until ?? 0;
    if (until !== bytes) problems.push(`${name}: ${until} of ${bytes} bytes came`);
  }
  return problems;
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
