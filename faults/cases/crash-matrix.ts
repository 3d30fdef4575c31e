import { runTestFiles } from '../run-test-file.ts';
import type { FaultCase } from '../trial.ts';

export const crashMatrix: FaultCase = {
  name: 'crash-matrix',
  title:
    'agent, supervisor, both, and the drains killed at each of the nine points: the outcome is the one of docs/recovery.md',
  short: false,
  async run(trial) {
    const repeat = trial.full ? 50 : 1;
    const said = await runTestFiles(trial, {
      pattern: 'test/agent/executions/crash-matrix*.test.ts',
      kind: 'kill-at-point',
      env: { MUSTER_CRASH_REPEAT: `${repeat}` },
    });
    for (const [, name = '', count] of (/hits: (.*)$/m.exec(said)?.[1] ?? '').matchAll(/([a-z-]+(?: killed)?) (\d+)/g))
      trial.figure(`hits of ${name}`, Number(count), '');
  },
};
