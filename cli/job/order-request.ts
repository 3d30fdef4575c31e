import { readFileSync, writeFileSync } from 'node:fs';
import { decodeOrder } from '../../shared/order.ts';
import { UsageError } from '../usage-error.ts';
import type { FrozenOrder } from './submit-order.ts';

interface OrderRequest {
  /** Base64. */
  readonly order: string;
  readonly signature: string;
  readonly targets: readonly string[];
}

/** Keeps an order that is not submitted yet, for others to sign. */
export function writeOrderRequest(path: string, { bytes, signature, targets }: FrozenOrder): void {
  const request: OrderRequest = { order: bytes.toString('base64'), signature: signature.toString('base64'), targets };
  writeFileSync(path, `${JSON.stringify(request, null, 2)}\n`);
}

/** Throws UsageError where the file holds no such order. */
export function readOrderRequest(path: string): FrozenOrder {
  try {
    const { order, signature, targets } = JSON.parse(readFileSync(path, 'utf8')) as Partial<OrderRequest>;
    if (typeof order !== 'string' || typeof signature !== 'string' || !Array.isArray(targets))
      throw new Error('fields are missing');
    const bytes = Buffer.from(order, 'base64');
    const { id } = decodeOrder(bytes);
    return { id, bytes, signature: Buffer.from(signature, 'base64'), targets: targets.map(String), stdin: undefined };
  } catch (error) {
    throw new UsageError(`<request>: ${path} holds no order to sign: ${(error as Error).message}`, { cause: error });
  }
}
