/** Why output can't be had now: all that a replica says in `OutputChunk.unavailable`. */
export const unavailableReasons = [
  'node-away',
  'unknown-execution',
  'undetermined',
  'io',
  'too-many-reads',
  'offset-past-end',
] as const;

export type UnavailableReason = (typeof unavailableReasons)[number];

/** What an agent said, within the list: a word that is not in it counts as `io`. */
export const unavailableReason = (text: string): UnavailableReason =>
  unavailableReasons.find((reason) => reason === text) ?? 'io';
