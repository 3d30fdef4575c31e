/**
 * Selectors choose nodes: Kubernetes label-selector syntax over labels, and over facts as `fact/<name>`. All requirements of a
 * selector must hold.
 */

/** `differs` and `notin` hold as well where there is no such key, as in Kubernetes. */
export type Requirement = { readonly source: 'label' | 'fact'; readonly name: string } & (
  | { readonly operator: 'exists' | 'absent' }
  /** At least one value, sorted, none twice. `a=b` is `in` with one value, `a!=b` is `notin` with one. */
  | { readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  /** A whole number of at most 18 digits; a value that is no such number never matches. */
  | { readonly operator: 'above' | 'below'; readonly bound: string }
);

export interface Selector {
  readonly requirements: readonly Requirement[];
}

/** Matches every node. Only for listing: a plan needs a selector that says something. */
export const everything: Selector = { requirements: [] };

export type Entries = Readonly<Record<string, string>> | ReadonlyMap<string, string>;

/** What a selector is judged against. */
export interface Attributes {
  readonly labels: Entries;
  readonly facts: Entries;
}

export const wholeNumber = /^-?[0-9]{1,18}$/;

export const matches = (selector: Selector, attributes: Attributes): boolean =>
  selector.requirements.every((requirement) => holds(requirement, attributes));

export function holds(requirement: Requirement, { labels, facts }: Attributes): boolean {
  const value = entryOf(requirement.source === 'fact' ? facts : labels, requirement.name);
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case 'above':
      return value !== undefined && wholeNumber.test(value) && BigInt(value) > BigInt(requirement.bound);
    case 'below':
      return value !== undefined && wholeNumber.test(value) && BigInt(value) < BigInt(requirement.bound);
  }
}

/** The entry's value; what a record inherits is no entry. */
function entryOf(entries: Entries, name: string): string | undefined {
  if (entries instanceof Map) return entries.get(name);
  return Object.hasOwn(entries, name) ? (entries as Readonly<Record<string, string>>)[name] : undefined;
}

/** The selector's text in its one canonical form; parsing that yields the same selector. */
export const printSelector = (selector: Selector): string => selector.requirements.map(printRequirement).join(',');

function printRequirement(requirement: Requirement): string {
  const key = requirement.source === 'fact' ? `fact/${requirement.name}` : requirement.name;
  switch (requirement.operator) {
    case 'exists':
      return key;
    case 'absent':
      return `!${key}`;
    case 'above':
      return `${key}>${requirement.bound}`;
    case 'below':
      return `${key}<${requirement.bound}`;
    case 'in':
    case 'notin': {
      const values = requirement.values.map(printValue);
      if (values.length === 1) return `${key}${requirement.operator === 'in' ? '=' : '!='}${values[0]}`;
      return `${key} ${requirement.operator} (${values.join(',')})`;
    }
  }
}

/** A word is what the parser reads as one without quotes. */
export const isBareWord = (text: string): boolean => !/[\s=!(),<>"\\]/.test(text);

const printValue = (value: string): string =>
  isBareWord(value) ? value : `"${value.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
