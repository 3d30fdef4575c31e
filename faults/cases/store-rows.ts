import { runTestFiles } from '../run-test-file.ts';
import type { FaultCase } from '../trial.ts';

export const storeRows: FaultCase = {
  name: 'store-rows',
  title: 'etcd wiped, restored, frozen, compacted, full: each does what docs/operations.md says',
  short: false,
  run: async (trial) =>
    void (await runTestFiles(trial, { pattern: 'test/server/store-rows/**/*.test.ts', kind: 'store-row' })),
};
