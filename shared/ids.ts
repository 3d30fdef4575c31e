import { randomBytes } from 'node:crypto';

/** 128 bits as 32 lower-case hex digits, minted by the client; also the order's id. */
export type JobId = string & { readonly brand: 'JobId' };
/** 128 bits as 32 lower-case hex digits, made in a node's state folder. */
export type NodeUid = string & { readonly brand: 'NodeUid' };
/** `job/node uid/attempt`: one attempt of a job on one node. */
export type ExecutionId = string & { readonly brand: 'ExecutionId' };

const hexId = /^[0-9a-f]{32}$/;
const nodeName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

export const newJobId = (): JobId => randomBytes(16).toString('hex') as JobId;
export const newNodeUid = (): NodeUid => randomBytes(16).toString('hex') as NodeUid;

export const isJobId = (text: string): text is JobId => hexId.test(text);
export const isNodeUid = (text: string): text is NodeUid => hexId.test(text);
/** 1 to 253 of `[a-z0-9.-]`, starting and ending with a letter or digit. */
export const isNodeName = (text: string): boolean => nodeName.test(text);

export const executionId = (job: JobId, node: NodeUid, attempt: number): ExecutionId =>
  `${job}/${node}/${attempt}` as ExecutionId;

/** The parts of an execution id, or undefined where the text is none (wrong digits, `../`, attempt 0 or above 1,000). */
export function parseExecutionId(text: string): { job: JobId; node: NodeUid; attempt: number } | undefined {
  const match = /^([0-9a-f]{32})\/([0-9a-f]{32})\/([1-9][0-9]{0,3})$/.exec(text);
  if (match === null || Number(match[3]) > 1000) return undefined;
  return { job: match[1] as JobId, node: match[2] as NodeUid, attempt: Number(match[3]) };
}
