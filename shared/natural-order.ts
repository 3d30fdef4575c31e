/**
 * A text that sorts, byte by byte, as people sort names: `web-2` before `web-10`. Names that differ only in leading zeros
 * keep an order of their own, so the order is total.
 */
export const naturalKey = (name: string): string => `${name.replaceAll(/\d+/g, padded)}\u0000${name}`;

/** For `sort`; where many names are sorted again and again keep their keys instead. */
export function compareNatural(a: string, b: string): number {
  const [keyOfA, keyOfB] = [naturalKey(a), naturalKey(b)];
  return keyOfA < keyOfB ? -1 : keyOfA > keyOfB ? 1 : 0;
}

/** Its length before it makes a longer number a larger text. */
function padded(digits: string): string {
  const significant = digits.replace(/^0+(?=\d)/, '');
  return `${String(significant.length).padStart(3, '0')}${significant}`;
}
