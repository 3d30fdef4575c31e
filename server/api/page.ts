import { invalidField } from '../../shared/errors.ts';

const largest = 1000;

/** The page size to use: `standard` where none is asked for. */
export function pageSize(asked: number, standard: number): number {
  if (asked > largest) throw invalidField('page_size', `${asked} is more than ${largest}`);
  return asked === 0 ? standard : asked;
}

export const badPageToken = (): ReturnType<typeof invalidField> =>
  invalidField('page_token', 'is none of ours; take the next_page_token of the page before');
