import { setFlagsFromString } from 'node:v8';

const firstNodeWithFlag = 26;

/**
 * Has V8 weigh buffers together with its heap when it decides to collect. By itself it begins a full collection for every few
 * dozen MiB of buffers that came and went, whatever the heap: a replica that relays output spent two thirds of its CPU so, with
 * the same memory in the end. Call it before anything else.
 */
export function weighExternalMemory(): void {
  const [major = ''] = process.versions.node.split('.');
  if (Number(major) >= firstNodeWithFlag) setFlagsFromString('--external-memory-accounted-in-global-limit');
}
