import type { ResumePoint__Output } from '../../proto/gen/muster/v1/ResumePoint.ts';
import { invalidField } from '../../shared/errors.ts';
import { type ExecutionId, parseExecutionId } from '../../shared/ids.ts';
import type { Resume } from '../jobs/views/relay.ts';

const maxPoints = 100_000;

/** What the caller of a watch has already, by execution. INVALID_FIELD naming the point at fault. */
export function resumePoints(points: readonly ResumePoint__Output[]): ReadonlyMap<ExecutionId, Resume> {
  if (points.length > maxPoints)
    throw invalidField('resume', `has ${points.length} entries; at most ${maxPoints} are allowed`);
  const resume = new Map<ExecutionId, Resume>();
  for (const [index, point] of points.entries()) {
    const field = `resume[${index}]`;
    if (!parseExecutionId(point.execution)) throw invalidField(`${field}.execution`, 'must be job/node uid/attempt');
    for (const name of ['stdoutOffset', 'stderrOffset'] as const) {
      if (!Number.isSafeInteger(point[name])) throw invalidField(`${field}.${name}`, 'is no offset');
    }
    if (typeof point.state !== 'string') throw invalidField(`${field}.state`, 'is no state');
    resume.set(point.execution as ExecutionId, point);
  }
  return resume;
}
