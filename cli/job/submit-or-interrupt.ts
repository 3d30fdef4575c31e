import { constants } from 'node:os';
import type { RpcClient } from '../../shared/rpc/client.ts';
import type { Span } from '../../shared/telemetry.ts';
import type { CliContext } from '../context.ts';
import { type FrozenOrder, submitOrder } from './submit-order.ts';

/** Submits; a Ctrl-C meanwhile ends the attempt, says what is known of it, and gives the status to exit with. */
export async function submitOrInterrupt(
  context: CliContext,
  client: RpcClient,
  order: FrozenOrder,
  options: { retryForMs: number; span: Span },
): Promise<'stored' | number> {
  const stop = new AbortController();
  let taken: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    taken = signal;
    stop.abort(new Error(`stopped by ${signal}`));
  };
  process.on('SIGINT', listener).on('SIGTERM', listener);
  try {
    await submitOrder(client, order, {
      retryForMs: options.retryForMs,
      traceparent: options.span.traceparent,
      signal: stop.signal,
    });
    return 'stored';
  } catch (error) {
    if (taken === undefined) throw error;
    const text = `muster: stopped while submitting: it may run or not. Look: muster jobs show ${order.id}\n`;
    await context.stderr.write(text);
    return 128 + constants.signals[taken];
  } finally {
    process.removeListener('SIGINT', listener).removeListener('SIGTERM', listener);
  }
}
