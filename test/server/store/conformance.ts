import type { BenchFactory } from './conformance/bench.ts';
import { leases } from './conformance/leases.ts';
import { listings } from './conformance/listings.ts';
import { transactions } from './conformance/transactions.ts';
import { watches } from './conformance/watches.ts';

/** What every driver of the store must do alike. */
export function conformance(driver: string, setUp: BenchFactory): void {
  transactions(driver, setUp);
  watches(driver, setUp);
  leases(driver, setUp);
  listings(driver, setUp);
}
