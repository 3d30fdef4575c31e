import type { Epoch__Output } from '../../proto/gen/muster/v1/Epoch.ts';
import type { ExecutionState__Output } from '../../proto/gen/muster/v1/ExecutionState.ts';
import type { Hello__Output } from '../../proto/gen/muster/v1/Hello.ts';
import { MusterError } from '../../shared/errors.ts';
import { type ExecutionId, isNodeName, isNodeUid, type NodeUid, parseExecutionId } from '../../shared/ids.ts';
import { validateFacts, validateLabels } from '../../shared/selector/labels.ts';

const maxPages = 64;
const maxPerPage = 512;

/** An execution the agent has in its journal and has not been released from. */
export interface HeldExecution {
  readonly id: ExecutionId;
  readonly state: ExecutionState__Output;
}

/** All pages of a `Hello`, checked. */
export interface CompleteHello {
  readonly uid: NodeUid;
  readonly name: string;
  readonly version: string;
  readonly bootId: string;
  readonly highestEpoch: Epoch__Output | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly executions: ReadonlyMap<ExecutionId, HeldExecution>;
}

/** Puts the pages of one `Hello` together. */
export class HelloPages {
  #first: Hello__Output | undefined;
  #pages = 0;
  readonly #executions = new Map<ExecutionId, HeldExecution>();

  /** The whole `Hello` once its last page is there. Throws FRAME_INVALID naming the field. */
  add(page: Hello__Output): CompleteHello | undefined {
    this.#pages += 1;
    if (this.#pages > maxPages) throw bad('hello', `more than ${maxPages} pages`);
    if (this.#first === undefined) {
      checkFirst(page);
      this.#first = page;
    }
    if (page.executions.length > maxPerPage) throw bad('hello.executions', `more than ${maxPerPage} in a page`);
    for (const [index, held] of page.executions.entries()) {
      const id = parseExecutionId(held.execution);
      if (id?.node !== this.#first.uid) {
        throw bad(`hello.executions[${index}].execution`, 'must be job/node uid/attempt of this node');
      }
      const key = held.execution as ExecutionId;
      this.#executions.set(key, { id: key, state: held.state });
    }
    if (!page.last) return undefined;
    const { uid, name, version, bootId, highestEpoch, labels, facts, capabilities } = this.#first;
    return {
      ...{ uid: uid as NodeUid, name, version, bootId, labels, facts, capabilities },
      highestEpoch: highestEpoch ?? undefined,
      executions: this.#executions,
    };
  }
}

function checkFirst(page: Hello__Output): void {
  if (!isNodeName(page.name))
    throw bad('hello.name', 'must be 1 to 253 of [a-z0-9.-], with a letter or digit at both ends');
  if (!isNodeUid(page.uid)) throw bad('hello.uid', 'must be 32 lower-case hex digits');
  if (page.version.length > 64) throw bad('hello.version', 'longer than 64 characters');
  if (page.bootId.length > 64) throw bad('hello.boot_id', 'longer than 64 characters');
  if (page.capabilities.length > 64) throw bad('hello.capabilities', 'more than 64');
  validateLabels(page.labels, 'hello.labels');
  validateFacts(page.facts, 'hello.facts');
}

const bad = (field: string, message: string): MusterError =>
  new MusterError('FRAME_INVALID', `${field}: ${message}`, { field });
