import { UsageError } from '../usage-error.ts';

/** `key=value` sets, `key-` removes, as in kubectl. Throws UsageError naming the word at fault. */
export function labelChanges(words: readonly string[]): { set: Map<string, string>; remove: string[] } {
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    if (at > 0) set.set(word.slice(0, at), word.slice(at + 1));
    else if (at === -1 && word.length > 1 && word.endsWith('-')) remove.push(word.slice(0, -1));
    else throw new UsageError(`${JSON.stringify(word)} is no change of a label: give key=value, or key- to remove it`);
  }
  const both = remove.find((key) => set.has(key));
  if (both !== undefined) throw new UsageError(`the label ${both} is both set and removed`);
  return { set, remove };
}
