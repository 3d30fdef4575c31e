import { runTestFiles } from '../run-test-file.ts';
import type { FaultCase } from '../trial.ts';

export const twoHolders: FaultCase = {
  name: 'two-holders',
  title: 'two replicas believe that they hold the same node: the agent obeys the higher epoch, nothing starts twice',
  short: false,
  run: async (trial) =>
    void (await runTestFiles(trial, { pattern: 'test/server/fleet/{fence,fencing}.test.ts', kind: 'two-holders' })),
};
