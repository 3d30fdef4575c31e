export type Token =
  | { readonly type: 'word' | 'quoted'; readonly text: string; readonly at: number }
  | { readonly type: 'symbol'; readonly text: string; readonly at: number }
  | { readonly type: 'end'; readonly text: ''; readonly at: number }
  /** A quote that is never closed, or a stray backslash. */
  | { readonly type: 'fault'; readonly text: string; readonly at: number };

const pattern =
  /\s+|(?<quoted>"(?:[^"\\]|\\["\\])*")|(?<symbol>==|!=|[=!(),<>])|(?<word>[^\s=!(),<>"\\]+)|(?<fault>["\\])/gy;

/** Cuts a selector into tokens; `at` counts characters from 1. The last one is `end` or `fault`. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(pattern)) {
    const { quoted, symbol, word, fault } = match.groups ?? {};
    const at = match.index + 1;
    if (fault !== undefined) return [...tokens, { type: 'fault', text: fault, at }];
    if (word !== undefined) tokens.push({ type: 'word', text: word, at });
    else if (symbol !== undefined) tokens.push({ type: 'symbol', text: symbol, at });
    else if (quoted !== undefined) {
      tokens.push({ type: 'quoted', text: quoted.slice(1, -1).replaceAll(/\\(["\\])/g, '$1'), at });
    }
  }
  return [...tokens, { type: 'end', text: '', at: text.length + 1 }];
}
