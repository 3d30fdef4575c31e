import { invalidField } from '../errors.ts';
import type { Entries } from './selector.ts';

const maxLabels = 64;
const maxFacts = 128;
const maxFactLength = 1024;
const maxNameLength = 63;
const maxFactNameLength = 128;
const maxPrefixLength = 253;
const word = /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
const factWord = /^[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?$/;
const subdomain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** Quotes can hold anything else; these no selector could write. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u001f\u007f]/;

/** What is wrong with a fact's name, which may hold slashes; undefined = nothing. */
export function factNameFault(name: string): string | undefined {
  if (name === '') return 'the name is empty';
  if (name.length > maxFactNameLength) return `the name is longer than ${maxFactNameLength} characters`;
  if (!factWord.test(name)) return 'a fact is letters, digits, - _ . and /, and begins and ends with a letter or digit';
  return undefined;
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'the name is empty';
  if (name.length > maxNameLength) return `the name is longer than ${maxNameLength} characters`;
  if (!word.test(name)) return 'a name is letters, digits, - _ and ., and begins and ends with a letter or digit';
  return undefined;
}

/** What is wrong with a label's key, `name` or `prefix/name` as in Kubernetes; undefined = nothing. */
export function labelKeyFault(key: string): string | undefined {
  const slash = key.indexOf('/');
  if (slash === -1) return nameFault(key);
  const prefix = key.slice(0, slash);
  if (prefix === 'fact') return 'fact/ is where facts are addressed; a label can not be there';
  if (prefix === '') return 'the prefix before / is empty';
  if (prefix.length > maxPrefixLength) return `the prefix is longer than ${maxPrefixLength} characters`;
  if (!subdomain.test(prefix)) return 'the prefix before / is a DNS name: lower-case letters, digits, - and .';
  return nameFault(key.slice(slash + 1));
}

/** What is wrong with a label's value, which may be empty; undefined = nothing. */
export function labelValueFault(value: string): string | undefined {
  if (value === '') return undefined;
  if (value.length > maxNameLength) return `the value is longer than ${maxNameLength} characters`;
  if (!word.test(value)) return 'a value is letters, digits, - _ and ., and begins and ends with a letter or digit';
  return undefined;
}

/** What is wrong with a fact's value; undefined = nothing. */
export function factValueFault(value: string): string | undefined {
  if (value.length > maxFactLength) return `the value is longer than ${maxFactLength} characters`;
  if (control.test(value)) return 'the value holds a control character';
  return undefined;
}

/** The labels as a map. Throws INVALID_FIELD naming the label, as `labels["key"]`. */
export const validateLabels = (labels: Entries, field = 'labels'): ReadonlyMap<string, string> =>
  validate(labels, field, maxLabels, labelKeyFault, labelValueFault);

/** The facts as a map. Throws INVALID_FIELD naming the fact, as `facts["name"]`. */
export const validateFacts = (facts: Entries, field = 'facts'): ReadonlyMap<string, string> =>
  validate(facts, field, maxFacts, factNameFault, factValueFault);

type FindFault = (text: string) => string | undefined;

function validate(entries: Entries, field: string, max: number, keyFault: FindFault, valueFault: FindFault) {
  const valid = new Map(entries instanceof Map ? entries : Object.entries(entries));
  if (valid.size > max) throw invalidField(field, `has ${valid.size} entries; at most ${max} are allowed`);
  for (const [key, value] of valid) {
    const fault = keyFault(key) ?? valueFault(value);
    if (fault !== undefined) throw invalidField(`${field}[${JSON.stringify(key.slice(0, 64))}]`, fault);
  }
  return valid;
}
