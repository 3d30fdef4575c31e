import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { decodeOrder } from '../../shared/order.ts';
import { cosigned } from '../../shared/signing/order-signature.ts';
import { parseTrustFile } from '../../shared/signing/trust-file.ts';
import type { Span } from '../../shared/telemetry.ts';
import type { CliContext } from '../context.ts';
import { type ConnectionFlags, withClient, withConnection } from '../flags/connection.ts';
import { type OrderFlags, targetOf } from '../flags/order.ts';
import { type SigningFlags, signingKey, withSigning } from '../flags/signing.ts';
import { duration, nameList } from '../flags/values.ts';
import { beliefIn } from '../job/believed.ts';
import { readOrderRequest, writeOrderRequest } from '../job/order-request.ts';
import { planNodes } from '../job/plan-nodes.ts';
import { presentJob } from '../job/present-job.ts';
import { submitOrInterrupt } from '../job/submit-or-interrupt.ts';
import { freezeOrder } from '../job/submit-order.ts';
import { jobReporter } from '../render/job-reporter.ts';
import { withSpan } from '../tracing.ts';
import { UsageError } from '../usage-error.ts';

type RotateFlags = Pick<OrderFlags, 'selector' | 'node'> & ConnectionFlags & SigningFlags & { deliverWithin?: number };

/** `muster trust`: other keys for hosts, signed by as many of the present ones as they ask for. */
export function trustCommand(context: CliContext): Command {
  const rotate = new Command('rotate')
    .description('Make the order that gives hosts a new trust file, sign it, and keep it for the others who must sign.')
    .argument('<file>', 'the new trust file, its version above that of the hosts')
    .argument('<request>', 'where to keep the order')
    .option('-l, --selector <selector>', 'hosts by label, as in muster run')
    .option('--node <name,…>', 'hosts by name; may be given several times', nameList)
    .option(
      '--deliver-within <duration>',
      'how long it waits for hosts that are away (default: 24h, at most 30d)',
      duration,
    );
  withSigning(withConnection(rotate)).action((file: string, path: string, flags: RotateFlags) =>
    rotateTrust(file, path, flags),
  );
  const sign = new Command('sign')
    .description('Show what an order that was kept gives to how many hosts, and sign it with a further key.')
    .argument('<request>', 'an order made by muster trust rotate');
  withSigning(sign).action(async (path: string, flags: SigningFlags) => {
    const request = readOrderRequest(path);
    const key = required(flags);
    await context.stdout.write(decodeOrder(request.bytes).command.trustFile ?? notTrust(path));
    writeOrderRequest(path, {
      ...request,
      signature: cosigned({ order: request.bytes, signature: request.signature }, key),
    });
    await context.stderr.write(`muster: signed for ${request.targets.length} hosts with ${key.public.text}\n`);
  });
  const submit = new Command('submit')
    .description('Submit an order that enough keys have signed, and watch it.')
    .argument('<request>', 'an order made by muster trust rotate');
  withConnection(submit).action((path: string, flags: ConnectionFlags) =>
    withSpan(context, 'muster trust submit', (span) => submitTrust(context, path, flags, span)),
  );
  return new Command('trust')
    .description('Change the keys whose orders hosts run.')
    .addCommand(rotate)
    .addCommand(sign)
    .addCommand(submit);
}

async function rotateTrust(file: string, path: string, flags: RotateFlags): Promise<void> {
  const target = targetOf({ ...flags, queue: true });
  const key = required(flags);
  const trustFile = readText(file);
  parseTrustFile(trustFile, file, '<file>');
  const { deliverWithin: deliverWithinMs = 0 } = flags;
  await withClient(flags, async (client) => {
    const planned = await planNodes(client, target);
    const order = { command: { trustFile }, selector: target.selector, createdUnixMs: Date.now(), deliverWithinMs };
    writeOrderRequest(path, freezeOrder(order, planned, key));
  });
}

async function submitTrust(context: CliContext, path: string, flags: ConnectionFlags, span: Span): Promise<void> {
  const request = readOrderRequest(path);
  if (decodeOrder(request.bytes).command.trustFile === undefined) notTrust(path);
  await withClient(flags, async (client) => {
    const submitted = await submitOrInterrupt(context, client, request, { retryForMs: flags.retryFor, span });
    if (submitted !== 'stored') return context.exit(submitted);
    const shown = { color: true, fold: false, prefix: true };
    const reporter = await jobReporter({ context, flags: shown, raw: false, statesOnly: true });
    const belief = beliefIn(request.bytes, { signed: true });
    const watched = { context, client, jobId: request.id, belief, reporter, retryForMs: flags.retryFor };
    context.exit(await presentJob({ ...watched, exitOfCommand: false }));
  });
}

function required(flags: SigningFlags) {
  const key = signingKey(flags);
  if (key === undefined) throw new UsageError('--key is required: which key signs it?');
  return key;
}

function notTrust(path: string): never {
  throw new UsageError(`<request>: ${path} holds another order than one that changes trust files`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`<file>: ${path} can’t be read: ${(error as Error).message}`, { cause: error });
  }
}
