// Everything about the tree that can be told without running it. `npm run check`; part of `npm test`.
import { availableParallelism } from 'node:os';
import { leftoverStep, lengthStep } from './check/files.ts';
import { layerStep } from './check/layers.ts';
import { programStep } from './check/program.ts';
import { breakingStep, generatedStep } from './check/proto.ts';
import { referenceStep } from './check/reference.ts';
import type { Finding, Step } from './check/step.ts';

const steps: readonly Step[] = [
  programStep('types', ['tsc', '--noEmit'], 'tsc tells where.'),
  programStep(
    'format and lint',
    ['biome', 'ci', '--colors=off', '--diagnostic-level=error'],
    '`npm run fix` repairs the format and what is safe.',
  ),
  programStep(
    'promises',
    ['oxlint', '--type-aware', '--deny-warnings'],
    'Await it, return it, or say `void` where its failure is handled inside.',
  ),
  programStep(
    'buf lint',
    ['buf', 'lint'],
    'Every message, field and RPC is commented and named as its neighbours are.',
  ),
  breakingStep,
  generatedStep,
  referenceStep,
  layerStep,
  lengthStep,
  leftoverStep,
];

const queue = [...steps];
let failed = 0;
await Promise.all(Array.from({ length: Math.min(availableParallelism(), steps.length) }, work));
if (failed > 0) {
  console.log(`\n${failed} of ${steps.length} checks failed`);
  process.exitCode = 1;
} else {
  console.log(`${steps.length} checks passed`);
}

async function work(): Promise<void> {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const beganMs = performance.now();
    const finding = await step.run().catch((error: unknown): Finding => ({ problems: [String(error)] }));
    report(step, finding, performance.now() - beganMs);
  }
}

function report(step: Step, { problems, notes = [] }: Finding, tookMs: number): void {
  console.log(`${problems.length === 0 ? '✓' : '✗'} ${step.name} (${(tookMs / 1000).toFixed(1)} s)`);
  for (const note of notes) console.log(`    ${note}`);
  if (problems.length === 0) return;
  failed += 1;
  for (const problem of problems) console.log(problem.replace(/^/gm, '    '));
  console.log(`  → ${step.advice}`);
}
