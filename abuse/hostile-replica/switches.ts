/** One change of a source file. */
export interface Edit {
  /** From the project's root. */
  readonly file: string;
  /** There exactly once. */
  readonly find: string;
  readonly replace: string;
}

const verify = 'agent/orders/verify-order.ts';
const check = (line: string): Edit => ({ file: verify, find: line, replace: '' });

/** Each check of the agent, and what takes it out: with any of them gone the suite must find something that runs. */
export const switches: Readonly<Record<string, readonly Edit[]>> = {
  signature: [check("['signature', wrongSignature],")],
  'payload-type': [
    {
      file: 'shared/signing/order-signature.ts',
      find: 'if (envelope.payloadType !== payloadTypes.order) {',
      replace: 'if (false) {',
    },
    {
      file: 'shared/signing/order-signature.ts',
      find: 'if (key?.verifies(payloadTypes.order, order, bytes)) signers.add(key);',
      replace:
        'for (const type of Object.values(payloadTypes)) if (key?.verifies(type, order, bytes)) signers.add(key);',
    },
  ],
  node: [
    check("['wrong-node', wrongNode],"),
    {
      file: 'agent/session/frame-in.ts',
      find: 'parseExecutionId(text)?.node === uid ? (text as ExecutionId) : undefined;',
      replace: 'parseExecutionId(text) ? (text as ExecutionId) : undefined;',
    },
  ],
  job: [check("['wrong-job', wrongJob],")],
  attempt: [check("['attempt', wrongAttempt],")],
  proof: [check("['proof', notInPlan],")],
  selector: [check("['selector', otherLabels],")],
  policy: [check("['policy', notAllowed],")],
  trust: [check("['trust', notTrusted],")],
  stdin: [
    {
      file: 'agent/executions/stdin-file.ts',
      find: '!this.#hash.copy().digest().equals(digest)',
      replace: 'digest.length === 0',
    },
  ],
  expiry: [
    {
      file: 'agent/executions/judge-offer.ts',
      find: 'Math.min(expiresUnixMs, deliveryDeadlineUnixMs);',
      replace: '9e15 + 0 * (expiresUnixMs + deliveryDeadlineUnixMs);',
    },
    {
      file: 'agent/executions/look.ts',
      find: 'late: order !== undefined &&',
      replace: 'late: false && order !== undefined &&',
    },
  ],
  clock: [
    {
      file: 'agent/agent.ts',
      find: "signing === 'require' ? new SteadyClock",
      replace: "signing === ('never' as string) ? new SteadyClock",
    },
  ],
};
