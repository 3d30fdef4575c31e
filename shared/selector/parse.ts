import { MusterError } from '../errors.ts';
import { factNameFault, factValueFault, labelKeyFault, labelValueFault } from './labels.ts';
import { type Requirement, type Selector, wholeNumber } from './selector.ts';
import { type Token, tokenize } from './tokens.ts';

const maxLength = 4096;
const factPrefix = 'fact/';

/**
 * Parses `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x,y)`, `a`, `!a`, `a>1`, `a<1`, joined by commas. Keys and values follow
 * Kubernetes; `fact/<name>` takes any value, quoted where it holds spaces or signs: `fact/os="Debian GNU/Linux 12"`.
 * Throws SELECTOR_EMPTY where there is nothing, SELECTOR_INVALID with the character's position (from 1) and what was expected.
 */
export function parseSelector(text: string, field = 'selector'): Selector {
  if (text.length > maxLength) {
    const message = `${field}: is ${text.length} characters long; at most ${maxLength} are allowed`;
    throw new MusterError('SELECTOR_INVALID', message, { field });
  }
  if (text.trim() === '') {
    throw new MusterError('SELECTOR_EMPTY', `${field}: is empty; it must say which nodes are meant`, { field });
  }
  return new Parser(text, field).parse();
}

class Parser {
  readonly #field: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string, field: string) {
    this.#field = field;
    this.#tokens = tokenize(text);
  }

  parse(): Selector {
    const requirements = [this.#requirement()];
    while (this.#take(',')) requirements.push(this.#requirement());
    if (this.#peek().type !== 'end') throw this.#unexpected('"," or the end');
    return { requirements };
  }

  #requirement(): Requirement {
    if (this.#take('!')) return { ...this.#key('a key after "!"'), operator: 'absent' };
    const key = this.#key('a key or "!"');
    if (this.#take('=') || this.#take('==')) return { ...key, operator: 'in', values: [this.#value(key)] };
    if (this.#take('!=')) return { ...key, operator: 'notin', values: [this.#value(key)] };
    if (this.#take('>')) return { ...key, operator: 'above', bound: this.#bound() };
    if (this.#take('<')) return { ...key, operator: 'below', bound: this.#bound() };
    const { type, text } = this.#peek();
    if (type === 'end' || (type === 'symbol' && text === ',')) return { ...key, operator: 'exists' };
    if (type !== 'word' || (text !== 'in' && text !== 'notin')) {
      throw this.#unexpected('one of = == != > <, "in", "notin", "," or the end');
    }
    this.#next++;
    return { ...key, operator: text, values: this.#values(key) };
  }

  #key(expected: string): Pick<Requirement, 'source' | 'name'> {
    const token = this.#peek();
    if (token.type !== 'word') throw this.#unexpected(expected);
    this.#next++;
    const isFact = token.text.startsWith(factPrefix);
    const name = isFact ? token.text.slice(factPrefix.length) : token.text;
    const fault = isFact ? factNameFault(name) : labelKeyFault(name);
    if (fault !== undefined) throw this.#invalid(token, `${quote(token.text)} is no key: ${fault}`);
    return { source: isFact ? 'fact' : 'label', name };
  }

  #values(key: Pick<Requirement, 'source'>): readonly string[] {
    if (!this.#take('(')) throw this.#unexpected('"("');
    if (this.#isSymbol(')')) throw this.#unexpected('at least one value');
    const values = new Set([this.#value(key)]);
    while (this.#take(',')) values.add(this.#value(key));
    if (!this.#take(')')) throw this.#unexpected('"," or ")"');
    return [...values].sort();
  }

  /** As in Kubernetes nothing at all is the empty value. */
  #value({ source }: Pick<Requirement, 'source'>): string {
    const token = this.#peek();
    if (token.type === 'end' || this.#isSymbol(',') || this.#isSymbol(')')) return '';
    if (token.type !== 'word' && token.type !== 'quoted') throw this.#unexpected('a value');
    this.#next++;
    const fault = source === 'fact' ? factValueFault(token.text) : labelValueFault(token.text);
    if (fault !== undefined) throw this.#invalid(token, `${quote(token.text)} is no value: ${fault}`);
    return token.text;
  }

  #bound(): string {
    const token = this.#peek();
    if (token.type !== 'word' || !wholeNumber.test(token.text))
      throw this.#unexpected('a whole number of at most 18 digits');
    this.#next++;
    return token.text;
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #isSymbol(text: string): boolean {
    const token = this.#peek();
    return token.type === 'symbol' && token.text === text;
  }

  #take(symbol: string): boolean {
    if (!this.#isSymbol(symbol)) return false;
    this.#next++;
    return true;
  }

  #unexpected(expected: string): MusterError {
    const token = this.#peek();
    const unclosed = token.type === 'fault' && token.text === '"';
    const found = token.type === 'end' ? 'the end' : unclosed ? 'a quote that is never closed' : quote(token.text);
    return this.#invalid(token, `found ${found} where ${expected} was expected`);
  }

  #invalid({ at }: Token, message: string): MusterError {
    const field = this.#field;
    return new MusterError('SELECTOR_INVALID', `${field}: at character ${at}: ${message}`, { field });
  }
}

const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
