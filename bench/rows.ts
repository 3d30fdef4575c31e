import type { Row } from './harness/row.ts';
import { attachRow } from './rows/attach.ts';
import { ordersRow } from './rows/orders.ts';

/** In the order of DESIGN's budget. */
export const rows: readonly Row[] = [ordersRow, attachRow];
