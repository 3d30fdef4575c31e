import { keys } from './keys.ts';
import type { Store } from './store.ts';
import { values } from './values.ts';

/**
 * The store's era: read where there is one, else begun at 1. Nothing raises it yet: agents that have seen more than a restored store are
 * refused with STALE_EPOCH until its revision has overtaken theirs. Raising it comes with several replicas.
 */
export async function claimEra(store: Store): Promise<number> {
  await store.commit({
    if: [{ key: keys.era, exists: false }],
    then: [{ put: keys.era, value: values.era.encode({ era: 1 }) }],
  });
  const entry = await store.get(keys.era);
  if (!entry) throw new Error('the store lost its era while it was being read');
  return values.era.decode(entry.value).era;
}
