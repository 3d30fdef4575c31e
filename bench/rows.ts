import type { Row } from './harness/row.ts';
import { attachRow } from './rows/attach.ts';
import { directoryRow } from './rows/directory.ts';
import { herdRow } from './rows/herd.ts';
import { latencyRow } from './rows/latency.ts';
import { memoryRow } from './rows/memory.ts';
import { ordersRow } from './rows/orders.ts';
import { outputRow } from './rows/output.ts';
import { restRow } from './rows/rest.ts';
import { startsRow } from './rows/starts.ts';
import { storeRow } from './rows/store.ts';

/** In the order of the report. */
export const rows: readonly Row[] = [
  latencyRow,
  ordersRow,
  memoryRow,
  outputRow,
  attachRow,
  herdRow,
  storeRow,
  directoryRow,
  startsRow,
  restRow,
];
