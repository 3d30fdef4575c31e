import { randomBytes } from 'node:crypto';
import type { Command } from '../../proto/gen/muster/v1/Command.ts';
import type { Order, Order__Output } from '../../proto/gen/muster/v1/Order.ts';
import type { OrderSignature, OrderSignature__Output } from '../../proto/gen/muster/v1/OrderSignature.ts';
import { executionId, type JobId, type NodeUid, newJobId, newNodeUid } from '../../shared/ids.ts';
import { type InclusionProof, PlanTree } from '../../shared/merkle.ts';
import { buildOrder, type OrderInput } from '../../shared/order.ts';
import { codec } from '../../shared/rpc/proto.ts';
import { payloadTypes } from '../../shared/signing/dsse.ts';
import { SigningKey } from '../../shared/signing/keys.ts';
import { signOrder } from '../../shared/signing/order-signature.ts';
import type { Random } from '../../test/crash/random.ts';
import { owner, partner, trustText } from './host.ts';

/** What a replica offers an agent. */
export interface Offer {
  readonly execution: string;
  readonly order: Buffer;
  readonly signature: Buffer;
  readonly proof: InclusionProof;
  readonly stdin?: Buffer;
}

/** What the attacks are made of: a host, and what its owner signs for it. */
export interface Target {
  readonly uid: NodeUid;
  readonly script: string;
  readonly random: Random;
}

const orders = codec<Order, Order__Output>('muster.v1.Order');
const envelopes = codec<OrderSignature, OrderSignature__Output>('muster.v1.OrderSignature');
const none = Buffer.alloc(0);

/** An offer as the owner's client makes it, of three nodes of which the host is one. Runs. */
export function genuine(target: Target, more: Partial<OrderInput> & { readonly elsewhere?: boolean } = {}): Offer {
  const { elsewhere = false, ...input } = more;
  const at = target.random.below(3);
  const uids = [0, 1, 2].map((n) => (n === at && !elsewhere ? target.uid : newNodeUid()));
  const tree = new PlanTree(uids);
  const command: Command = { argv: ['/bin/sh', target.script, ...(input.stdin ? ['stdin'] : [])] };
  const plan = { root: tree.root, count: tree.count };
  const { order, bytes } = buildOrder({ command, selector: 'role=web', createdUnixMs: Date.now(), ...input, plan });
  const execution = executionId(order.id as JobId, target.uid, 1);
  const offer = { execution, order: bytes, signature: signOrder(bytes, owner), proof: tree.proof(at) };
  return input.stdin ? { ...offer, stdin: input.stdin } : offer;
}

/** Of a genuine offer, or of one that its owner signed for something else, something that must not run. */
type Attack = (target: Target) => Offer;

const changed = (offer: Offer, change: (order: Order__Output) => Partial<Order>): Offer => {
  const order = orders.decode(offer.order);
  return { ...offer, order: orders.encode({ ...(order as Order), ...change(order) }) };
};

const flipped = (bytes: Buffer, at: number, random: Random): Buffer => {
  const bent = Buffer.from(bytes);
  bent[at] = (bent[at] ?? 0) ^ (1 << random.below(8));
  return bent;
};

const signedAs = (offer: Offer, key: SigningKey, keyId = key.public.id): Offer => ({
  ...offer,
  signature: envelopes.encode({
    payloadType: payloadTypes.order,
    signatures: [{ keyId: Buffer.from(keyId, 'hex'), signature: key.sign(payloadTypes.order, offer.order) }],
  }),
});

/** The owner's keys changed for the attacker's. */
function trustOrder(target: Target, version: number, ...keys: readonly SigningKey[]): Offer {
  const stranger = SigningKey.generate();
  const offer = genuine(target, { command: { trustFile: trustText(version, stranger, SigningKey.generate()) } });
  return { ...offer, signature: signOrder(offer.order, ...keys) };
}

export const attacks: Readonly<Record<string, Attack>> = {
  'a bit of the order flipped': (target) => {
    const offer = genuine(target);
    return { ...offer, order: flipped(offer.order, target.random.below(offer.order.length), target.random) };
  },
  'a bit of the signature flipped': (target) => {
    const offer = genuine(target);
    const at = offer.signature.length - 1 - target.random.below(64);
    return { ...offer, signature: flipped(offer.signature, at, target.random) };
  },
  'the order cut short': (target) => {
    const offer = genuine(target);
    return { ...offer, order: offer.order.subarray(0, target.random.below(offer.order.length)) };
  },
  'a field appended to the order': (target) => {
    const offer = genuine(target);
    return { ...offer, order: Buffer.concat([offer.order, orders.encode({ selector: '' }), Buffer.from([0x5a, 0])]) };
  },
  'the signature stripped': (target) => ({ ...genuine(target), signature: none }),
  'another order’s signature': (target) => ({ ...genuine(target), signature: genuine(target).signature }),
  'another key': (target) => signedAs(genuine(target), SigningKey.generate()),
  'another key under a trusted name': (target) => signedAs(genuine(target), SigningKey.generate(), owner.public.id),
  'another payload type': (target) => {
    const offer = genuine(target);
    const payloadType = target.random.below(2) === 0 ? payloadTypes.order : payloadTypes.result;
    const signature = owner.sign(payloadTypes.result, offer.order);
    return {
      ...offer,
      signature: envelopes.encode({
        payloadType,
        signatures: [{ keyId: Buffer.from(owner.public.id, 'hex'), signature }],
      }),
    };
  },
  'another command': (target) =>
    changed(genuine(target), () => ({ command: { argv: ['/bin/sh', target.script, 'x'] } })),
  'a later expiry': (target) => changed(genuine(target), (order) => ({ expiresUnixMs: order.expiresUnixMs + 1000 })),
  'another user': (target) =>
    changed(genuine(target), (order) => ({ command: { ...(order.command as Command), runAs: 'nobody' } })),
  'the host added to a plan': (target) => {
    const tree = new PlanTree([target.uid]);
    const offer = genuine(target, { elsewhere: true });
    return { ...changed(offer, () => ({ planRoot: tree.root, planCount: 1 })), proof: tree.proof(0) };
  },
  'an order for other nodes': (target) => genuine(target, { elsewhere: true }),
  'another proof': (target) => {
    const offer = genuine(target);
    const { index, siblings } = offer.proof;
    const proofs: InclusionProof[] = [
      { index: (index + 1) % 3, siblings },
      { index, siblings: siblings.map((sibling) => flipped(sibling, target.random.below(32), target.random)) },
      { index, siblings: [...siblings, randomBytes(32)] },
      { index, siblings: siblings.slice(1) },
    ];
    return { ...offer, proof: proofs[target.random.below(proofs.length)] as InclusionProof };
  },
  'another job’s id': (target) => ({ ...genuine(target), execution: executionId(newJobId(), target.uid, 1) }),
  'another node’s id': (target) => {
    const offer = genuine(target);
    return { ...offer, execution: offer.execution.replace(target.uid, newNodeUid()) };
  },
  'a further attempt': (target) => {
    const offer = genuine(target);
    return { ...offer, execution: offer.execution.replace(/1$/, String(2 + target.random.below(999))) };
  },
  'a selector that the control plane’s labels meet': (target) => genuine(target, { selector: 'role=db' }),
  'a command that the host does not allow': (target) =>
    genuine(target, { command: { argv: ['/bin/sh', '-c', `. ${target.script}`] } }),
  'an order that has expired': (target) =>
    genuine(target, { createdUnixMs: Date.now() - 7_200_000, expiresInMs: 3_600_000 + target.random.below(3_500_000) }),
  'a trust file that too few have signed': (target) => trustOrder(target, 3, owner, owner),
  'a trust file of an earlier version': (target) => trustOrder(target, 1 + target.random.below(2), owner, partner),
  'a trust file that a new key has signed': (target) => trustOrder(target, 3, owner, SigningKey.generate()),
  'other standard input': (target) => {
    const stdin = randomBytes(1 + target.random.below(200));
    return { ...genuine(target, { stdin }), stdin: flipped(stdin, target.random.below(stdin.length), target.random) };
  },
};
