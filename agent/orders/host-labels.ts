import { invalidField } from '../../shared/errors.ts';
import { validateLabels } from '../../shared/selector/labels.ts';
import { readOwnedLines } from './owned-file.ts';

/** Reads `name=value` lines: the labels that this host holds, whatever others say of it. Throws INVALID_FIELD naming the line. */
export function readHostLabels(path: string, flag: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const { words, place } of readOwnedLines(path, flag)) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(words.join(' ')) ?? [];
    if (name === undefined || value === undefined) throw invalidField(flag, `${place}: a line is name=value`);
    if (labels.has(name)) throw invalidField(flag, `${place}: ${name} is there twice`);
    labels.set(name, value);
  }
  return validateLabels(labels, flag);
}
